import { PolicyError } from '../errors.ts'
import type { HostPort } from '../host.ts'
import { LIMITS } from '../limits.ts'
import { groupsOf, usersOf } from '../resources/account-files.ts'
import type { Captured } from './capture.ts'
import { written } from './files.ts'

/** A user of /etc/passwd. Its password hash is left out: a policy takes that from a secret. */
export function captureUser(host: HostPort, name: string): Captured {
  const user = usersOf(host).get(name)
  if (user === undefined) throw new PolicyError('E_NOT_FOUND', `there is no user '${name}' on this host`)
  const groups = [...groupsOf(host).values()]
  const primary = groups.find(({ gid }) => gid === user.gid)?.name
  const others = groups.filter(({ members, gid }) => members.includes(name) && gid !== user.gid).map((one) => one.name)
  return {
    key: `user/${name}`,
    attrs: {
      uid: user.uid,
      ...(primary === undefined || primary === name ? {} : { group: primary }),
      ...(others.length === 0 ? {} : { groups: others.sort() }),
      home: user.home,
      ...(user.shell === '' ? {} : { shell: user.shell }),
      ...(user.comment === '' ? {} : { comment: written(user.comment) }),
    },
  }
}

export function captureGroup(host: HostPort, name: string): Captured {
  const group = groupsOf(host).get(name)
  if (group === undefined) throw new PolicyError('E_NOT_FOUND', `there is no group '${name}' on this host`)
  const members = group.members.length === 0 ? {} : { members: [...group.members].sort() }
  return { key: `group/${name}`, attrs: { gid: group.gid, ...members } }
}

/** The public keys with which a user may log in. */
export function captureKeys(host: HostPort, name: string): Captured {
  const user = usersOf(host).get(name)
  if (user === undefined) throw new PolicyError('E_NOT_FOUND', `there is no user '${name}' on this host`)
  const path = `${user.home}/.ssh/authorized_keys`
  const text =
    host.lstat(path)?.kind === 'file' ? new TextDecoder().decode(host.readFile(path, LIMITS.capturedBytes)) : ''
  const keys = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  return { key: `ssh_keys/${name}`, attrs: { keys: keys.map(written) } }
}
