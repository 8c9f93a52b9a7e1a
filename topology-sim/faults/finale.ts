import { isFeed } from '../../node/core/index.ts'
import type { Cid, Ledger, LogLine } from '../../node/core/index.ts'
import type { LabNode } from '../lab/lab-node.ts'
import type { Ordeal } from './ordeal.ts'
import { fail, firstDifference } from './watch.ts'

/** What must be so when the faults are over and everyone had time. */
export function finale(ordeal: Ordeal): void {
  const nodes = expected(ordeal)
  agree(ordeal, nodes)
  for (const node of nodes) {
    keepsWhatCounts(ordeal, node)
    keepsPromises(ordeal, node)
    runsTheWinners(ordeal, node, nodes)
  }
  noticesClones(ordeal)
  saysWhatIsDatedAhead(ordeal, nodes)
}

/** Of what counted when it came: of the rest, that it is void is said instead. */
function saysWhatIsDatedAhead(ordeal: Ordeal, nodes: readonly LabNode[]): void {
  const { truth } = ordeal
  if (truth.unsure.has(ordeal.keyOf('rogue'))) return
  for (const [id, rule] of truth.future) {
    if (nodes.some(({ engine }) => engine.view.ledger.judge(id)?.counts === true)) fail(rule, `nobody said so of ${id}`)
  }
}

/** Both say so, or at least the one that was there before, if beacons pass. */
function noticesClones(ordeal: Ordeal): void {
  const clone = ordeal.up().find((node) => node.name.endsWith("'"))
  const original = ordeal.up().find((node) => `${node.name}'` === clone?.name)
  if (!ordeal.scenario.gossip || clone === undefined || original === undefined || ordeal.truth.gone.has(clone.key))
    return
  if (!clone.engine.view.cloned && !original.engine.view.cloned) fail('a clone is noticed', clone.name)
}

/** Everyone who is honest and was not taken out. */
export function expected(ordeal: Ordeal): LabNode[] {
  return ordeal
    .honest()
    .filter((node) => node.up && !ordeal.truth.gone.has(node.key) && !ordeal.truth.leaving.has(node.key))
}

export function hasConverged(ordeal: Ordeal): boolean {
  const nodes = expected(ordeal)
  const [first] = nodes
  if (first === undefined) return true
  const digest = JSON.stringify(first.engine.view.ledger.digest)
  return nodes.every((node) => {
    const { view } = node.engine
    return (
      JSON.stringify(view.ledger.digest) === digest &&
      view.pending === 0 &&
      !view.applying &&
      behind(ordeal, node, nodes) === null
    )
  })
}

function agree(ordeal: Ordeal, nodes: readonly LabNode[]): void {
  const [first, ...rest] = nodes
  if (first === undefined) return
  const dump = ordeal.dump(first)
  for (const node of rest) {
    const other = ordeal.dump(node)
    if (other !== dump)
      fail(
        'everyone converges after the faults',
        `${first.name} and ${node.name} differ: ${firstDifference(dump, other)}`,
      )
  }
}

function keepsWhatCounts(ordeal: Ordeal, { name, engine, options }: LabNode): void {
  const { truth } = ordeal
  const { ledger } = engine.view
  for (const [id, key] of truth.acked) {
    if (truth.unsure.has(key)) continue
    if (!ledger.has(id)) fail('no acknowledged publish is lost', `${name} lacks ${id} by ${ordeal.stage.nameOf(key)}`)
    const judgement = ledger.judge(id)
    if (judgement?.counts !== true)
      fail('what was acknowledged counts', `${id} is void on ${name}: ${String(judgement?.reason)}`)
  }
  for (const [id, { key, rule, must }] of truth.sound) {
    const judgement = ledger.judge(id)
    if (must === true && judgement === undefined && !truth.unsure.has(key)) fail(rule, `${name} does not hold ${id}`)
    if (!truth.unsure.has(key) && judgement?.counts === false)
      fail(rule, `${id} is void on ${name}: ${judgement.reason}`)
  }
  for (const [id, rule] of truth.voidAtEnd) if (ledger.judge(id)?.counts === true) fail(rule, `${id} counts on ${name}`)
  for (const [id, rule] of truth.absentAtEnd) if (ledger.has(id)) fail(rule, `${name} holds ${id}`)
  const disk = [...options.disk.records.keys()].toSorted().join(' ')
  const known = [...ledger.records()]
    .map(({ id }) => id)
    .toSorted()
    .join(' ')
  if (disk !== known) fail('the disk holds what the ledger holds', `not on ${name}`)
}

function keepsPromises(ordeal: Ordeal, { name, engine, key }: LabNode): void {
  const { truth, nowMs } = ordeal
  const { ledger } = engine.view
  for (const [invite, { peers, uses }] of truth.uses) {
    const members = peers.filter((peer) => ledger.isMember(peer, nowMs))
    if (members.length > uses && !truth.forgetful.has(ordeal.keyOf('n1')))
      fail('an invite lets in as many as it says', `${members.length} for ${name}, by ${invite}`)
  }
  for (const [gone, rule] of truth.gone) {
    if (gone === key) continue
    if (ledger.isMember(gone, nowMs)) fail(rule, `${ordeal.stage.nameOf(gone)} is one for ${name}`)
    if (engine.view.peers().some((peer) => peer.key === gone))
      fail(rule, `${name} is connected to ${ordeal.stage.nameOf(gone)}`)
  }
  for (const gone of truth.leaving) {
    const said = ledger.sets().some(({ body }) => body.type === 'set/leave' && body.key === gone)
    if (said && ledger.isMember(gone, nowMs))
      fail('a peer that left is no member', `${ordeal.stage.nameOf(gone)} is one for ${name}`)
  }
  const own = ledger.sets().filter((set) => set.body.type === 'set/novel')
  if (own.length > 64) fail('of one key at most 64 set records are kept', `${name} holds ${own.length}`)
}

function runsTheWinners(ordeal: Ordeal, node: LabNode, nodes: readonly LabNode[]): void {
  const policy = behind(ordeal, node, nodes)
  if (policy !== null) fail('every host runs the winners', `${node.name} does not run ${policy}`)
  const me = node.engine.view.identity()
  const { ledger } = node.engine.view
  for (const name of ledger.policies()) {
    if (me === null) continue
    const winner = ledger.winnerFor(name, me)
    const holds = winner.heads.length > 1 && winner.heads.some(({ body }) => body.onFork === 'hold')
    if (holds !== winner.held) fail('a fork with onFork hold has no winner', `${name} on ${node.name}`)
    // The rogue's grant is not for every node.
    if (name.startsWith('dev/')) continue
    const best = bestOf(ledger, ledger.log(name))
    if (!winner.held && winner.version?.id !== best)
      fail(
        'the highest seq wins, then the lowest CID',
        `${name} on ${node.name}: ${String(winner.version?.id)}, not ${String(best)}`,
      )
  }
}

/** Of those that count and whose history is here: the highest seq, then the lowest CID. Everybody's grants but the rogue's are for all. */
function bestOf(ledger: Ledger, log: readonly LogLine[]): Cid | undefined {
  return log
    .filter(
      (line) => line.judgement.counts && line.missingParents.length === 0 && isWhole(ledger, line.version.body.parents),
    )
    .toSorted((a, b) => b.version.body.seq - a.version.body.seq || (a.version.id < b.version.id ? -1 : 1))[0]?.version
    .id
}

function isWhole(ledger: Ledger, parents: readonly Cid[]): boolean {
  return parents.every((id) => {
    const parent = ledger.get(id)
    return parent !== undefined && isFeed(parent)
  })
}

/** The first policy whose winner this node could run and does not; null if there is none. */
function behind(ordeal: Ordeal, node: LabNode, nodes: readonly LabNode[]): string | null {
  const me = node.engine.view.identity()
  const { ledger } = node.engine.view
  if (me === null) return 'anything: it is no member'
  for (const policy of ledger.policies()) {
    const { version } = ledger.winnerFor(policy, me)
    if (version === null || version.body.action !== 'apply' || version.body.bundle === null) continue
    const { cid } = version.body.bundle
    if (ordeal.truth.unapplied.has(version.id) || ordeal.lab.unfit.has(cid)) continue
    if (!ordeal.stage.tools.selects(version.body.selector, me)) continue
    if (!nodes.some((other) => other.options.disk.bundles.has(cid))) continue
    if (node.applied.get(policy) !== version.id) return policy
  }
  return null
}
