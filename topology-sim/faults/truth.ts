import type { Cid, Key } from '../../node/core/index.ts'

/**
 * What must be so, known by construction and never asked of an engine: whoever makes a wrong record says here what no
 * honest node may ever make of it. Each line names the rule, which is also what a violation tells.
 */
export class Truth {
  /** Records that are never in a ledger. */
  readonly absent = new Map<Cid, string>()
  /** Records that may be in a ledger and never count. */
  readonly void = new Map<Cid, string>()
  /** The same for records that could count until the last word of the law; asked when the faults are over. */
  readonly voidAtEnd = new Map<Cid, string>()
  readonly absentAtEnd = new Map<Cid, string>()
  /** Records that count on every node that holds them in the end, unless their author is `unsure`; `must`: all hold them. */
  readonly sound = new Map<Cid, { readonly key: Key; readonly rule: string; readonly must?: true }>()
  /** Versions that count and that nobody applies: what they ask for is not understood here. */
  readonly unapplied = new Map<Cid, string>()
  /** Versions whose author's grant selects nodes of `env: dev` only. */
  readonly devOnly = new Map<Cid, string>()
  /** Keys that are never members. */
  readonly outsiders = new Map<Key, string>()
  /** Members that were taken out: gone everywhere in the end, and connected to nobody. */
  readonly gone = new Map<Key, string>()
  /** Members that were told to leave: gone once their word is in a ledger. */
  readonly leaving = new Set<Key>()
  /** Beacons that nobody takes for a node's word. */
  readonly unheard = new Map<Cid, string>()
  /** Charters that are never in force. */
  readonly powerless = new Map<Cid, string>()
  /** Entries dated in the future: some node says so. */
  readonly future = new Map<Cid, string>()
  /** Invites and how many may become members by them. */
  readonly uses = new Map<Cid, { readonly peers: readonly Key[]; readonly uses: number }>()
  /** Bytes that no honest node passes on. */
  readonly unrelayed = new Map<Uint8Array, string>()
  /** Publishes that were acknowledged by another holder. */
  readonly acked = new Map<Cid, Key>()
  /** Keys whose rights changed during the run: of what they said only equality is asked. */
  readonly unsure = new Set<Key>()
  /** Who may publish what, under any charter that a rightful root signed. */
  readonly rights: { readonly key: Key; readonly policies: readonly string[] }[] = []
  /** Keys that may not know what they said: cloned, restored, or without their disk. Two lives of an enroller may confirm two. */
  readonly forgetful = new Set<Key>()
  /** Events that come once in a run, and came. */
  readonly once = new Set<string>()
  /** Clones that work beside their originals until the end. */
  clones = 0

  allows(key: Key, policy: string): boolean {
    return this.rights.some((right) => right.key === key && right.policies.some((pattern) => covers(pattern, policy)))
  }
}

/** Of its own, on purpose: the engine's matcher is what is under test. Patterns here are `*`, `x/*` and plain names. */
function covers(pattern: string, policy: string): boolean {
  if (pattern === '*' || pattern === policy) return true
  return pattern.endsWith('/*') && policy.startsWith(pattern.slice(0, -1))
}
