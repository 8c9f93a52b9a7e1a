import { assert } from './assert.ts'
import { exec } from './exec.ts'
import { file } from './file.ts'
import { group } from './group.ts'
import { packages } from './package.ts'
import { repository } from './repository.ts'
import { service } from './service.ts'
import { sshKeys } from './ssh-keys.ts'
import { user } from './user.ts'
import { cron } from './cron.ts'
import { git } from './git.ts'
import { hostEntry } from './host-entry.ts'
import { hostname } from './hostname.ts'
import { kernelModule } from './kernel-module.ts'
import { mount } from './mount.ts'
import { sysctl } from './sysctl.ts'
import { timer } from './timer.ts'
import { archive } from './archive.ts'
import { download } from './download.ts'
import type { ResourceType } from './type.ts'

/** Every resource type by its name: one line a type. */
export const RESOURCE_TYPES: Readonly<Record<string, ResourceType>> = {
  assert,
  exec,
  file,
  group,
  package: packages,
  repository,
  service,
  ssh_keys: sshKeys,
  user,
  archive,
  cron,
  download,
  git,
  host_entry: hostEntry,
  hostname,
  kernel_module: kernelModule,
  mount,
  sysctl,
  timer,
}
