import { archive } from './archive.ts'
import { assert } from './assert.ts'
import { check } from './check.ts'
import { cron } from './cron.ts'
import { download } from './download.ts'
import { exec } from './exec.ts'
import { file } from './file.ts'
import { git } from './git.ts'
import { group } from './group.ts'
import { hostEntry } from './host-entry.ts'
import { hostname } from './hostname.ts'
import { kernelModule } from './kernel-module.ts'
import { mount } from './mount.ts'
import { packages } from './package.ts'
import { processes } from './process.ts'
import { repository } from './repository.ts'
import { service } from './service.ts'
import { sshKeys } from './ssh-keys.ts'
import { sysctl } from './sysctl.ts'
import { timer } from './timer.ts'
import { user } from './user.ts'
import type { ResourceType } from './type.ts'

/** Every resource type by its name: one line a type. */
export const RESOURCE_TYPES: Readonly<Record<string, ResourceType>> = {
  archive,
  assert,
  check,
  cron,
  download,
  exec,
  file,
  git,
  group,
  host_entry: hostEntry,
  hostname,
  kernel_module: kernelModule,
  mount,
  package: packages,
  process: processes,
  repository,
  service,
  ssh_keys: sshKeys,
  sysctl,
  timer,
  user,
}
