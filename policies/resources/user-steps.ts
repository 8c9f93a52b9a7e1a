import type { GroupLine, ShadowLine, UserLine } from './account-files.ts'

export interface UserWish {
  readonly name: string
  readonly uid?: number | undefined
  readonly group?: string | undefined
  readonly groups?: readonly string[] | undefined
  readonly exclusive?: boolean | undefined
  readonly home?: string | undefined
  readonly createHome?: boolean | undefined
  readonly shell?: string | undefined
  readonly comment?: string | undefined
  readonly password?: string | undefined
  readonly locked?: boolean | undefined
  readonly system?: boolean | undefined
  /** Day since 1970; null: never; undefined: as it is. */
  readonly expires: number | null | undefined
  /** The same as a date for the tools; empty for never. */
  readonly expiryText: string
}

/** One command, and what it changes, for people. */
export interface UserStep {
  readonly change: string
  readonly argv: readonly string[]
  /** What must not be seen in a list of processes. */
  readonly stdin?: string
}

export interface UserFacts {
  readonly user: UserLine | undefined
  readonly groups: ReadonlyMap<string, GroupLine>
  readonly shadow: ShadowLine | undefined
}

/** The commands that make a user what it should be, in order. */
export function userSteps(wish: UserWish, facts: UserFacts): readonly UserStep[] {
  const { user } = facts
  return [
    ...(user === undefined ? [creation(wish, facts)] : modification(wish, user, facts)),
    ...passwordSteps(wish, facts),
  ]
}

function creation(wish: UserWish, { groups }: UserFacts): UserStep {
  const { name, uid, home, shell, comment, system = false, createHome = !system } = wish
  // Without this useradd refuses a user whose own group is there already.
  const group = wish.group ?? (groups.has(name) ? name : undefined)
  const argv = [
    'useradd',
    ...(system ? ['-r'] : []),
    ...(uid === undefined ? [] : ['-u', String(uid)]),
    ...(group === undefined ? [] : ['-g', group]),
    ...(wish.groups === undefined || wish.groups.length === 0 ? [] : ['-G', wish.groups.join()]),
    ...(home === undefined ? [] : ['-d', home]),
    createHome ? '-m' : '-M',
    ...(shell === undefined ? [] : ['-s', shell]),
    ...(comment === undefined ? [] : ['-c', comment]),
    ...(typeof wish.expires === 'number' ? ['-e', wish.expiryText] : []),
    name,
  ]
  return { change: 'new user', argv }
}

function modification(wish: UserWish, user: UserLine, { groups, shadow }: UserFacts): UserStep[] {
  const changes: string[] = []
  const options: string[] = []
  const differ = (what: string, is: string, wanted: string | undefined, option: string): void => {
    if (wanted === undefined || wanted === is) return
    changes.push(`${what} ${is || 'none'} -> ${wanted || 'none'}`)
    options.push(option, wanted)
  }
  const primary = [...groups.values()].find(({ gid }) => gid === user.gid)?.name ?? String(user.gid)
  differ('uid', String(user.uid), wish.uid?.toString(), '-u')
  differ('group', primary, wish.group, '-g')
  differ('home', user.home, wish.home, '-d')
  differ('shell', user.shell, wish.shell, '-s')
  differ('comment', user.comment, wish.comment, '-c')
  if (wish.expires !== undefined && wish.expires !== (shadow?.expires ?? null)) {
    changes.push(wish.expires === null ? 'no expiry' : `expires ${wish.expiryText}`)
    options.push('-e', wish.expiryText)
  }
  const is = [...groups.values()].filter(({ members }) => members.includes(user.name)).map(({ name }) => name)
  const missing = (wish.groups ?? []).filter((name) => !is.includes(name) && name !== primary)
  const surplus = wish.exclusive === true ? is.filter((name) => wish.groups?.includes(name) === false) : []
  if (missing.length + surplus.length > 0) {
    changes.push(...missing.map((name) => `group ${name}`), ...surplus.map((name) => `not group ${name}`))
    // Listing them all keeps others out; appending lets them be.
    options.push(...(surplus.length > 0 ? ['-G', (wish.groups ?? []).join()] : ['-a', '-G', missing.join()]))
  }
  if (options.length === 0) return []
  return [{ change: changes.join(', '), argv: ['usermod', ...options, user.name] }]
}

/** A hash goes in by standard input, since everybody can read the words of a command. */
function passwordSteps({ name, password, locked }: UserWish, { shadow }: UserFacts): UserStep[] {
  const hash = shadow?.hash ?? '!'
  const bare = hash.replace(/^!+(?=.)/, '')
  const steps: UserStep[] = []
  const fresh = password !== undefined && password !== bare && !(password === '!' && hash.startsWith('!'))
  if (fresh) steps.push({ change: 'new password', argv: ['chpasswd', '-e'], stdin: `${name}:${password}\n` })
  const isLocked = fresh ? /^[*!]/.test(password) : /^[*!]/.test(hash)
  if (locked === true && !isLocked) steps.push({ change: 'lock', argv: ['usermod', '-L', name] })
  if (locked === false && isLocked) steps.push({ change: 'unlock', argv: ['usermod', '-U', name] })
  // A new password of a locked user leaves it locked where nothing is said about it.
  if (locked === undefined && fresh && shadow !== undefined && /^!./.test(hash))
    steps.push({ change: 'still locked', argv: ['usermod', '-L', name] })
  return steps
}
