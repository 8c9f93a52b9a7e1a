import { buildInvite, buildRevoke } from '../../../node/core/index.ts'
import type { NewVersion, Version } from '../../../node/core/index.ts'
import type { LabNode } from '../../lab/lab-node.ts'
import type { Ordeal } from '../ordeal.ts'
import { ROGUE_MAX_BLOB } from '../stage.ts'
import { absent, forge, voided, wireOf } from './tools.ts'
import type { Forgery, Wire } from './tools.ts'

/** Sound bytes, wrong in the chain, in the history of a policy, or beyond what their author may say. */
const chained = (
  name: string,
  rule: string,
  bend: (wire: Wire, ordeal: Ordeal, node: LabNode) => Wire | null,
): Forgery => ({
  name,
  section: 6,
  rule,
  make(ordeal, node) {
    const wire = bend(wireOf(ordeal.versionBy('rogue', node, 'dev/x')), ordeal, node)
    return wire === null ? [] : absent(ordeal, rule, forge(ordeal, wire, ['rogue']), true)
  },
})

const beyond = (
  name: string,
  rule: string,
  author: string,
  policy: string,
  but: Partial<NewVersion> = {},
): Forgery => ({
  name,
  section: 3,
  rule,
  make: (ordeal, node) => voided(ordeal, rule, ordeal.sign(ordeal.versionBy(author, node, policy, but), author)),
})

/** A version with another seq or other parents than the builder gives. */
const historic = (
  name: string,
  rule: string,
  bend: (version: Version, node: LabNode, ordeal: Ordeal) => Version | null,
): Forgery => ({
  name,
  section: 6,
  rule,
  make(ordeal, node) {
    const bent = bend(ordeal.versionBy('rogue', node, 'dev/y'), node, ordeal)
    return bent === null ? [] : voided(ordeal, rule, ordeal.sign(bent, 'rogue'))
  },
})

export const feedForgeries: readonly Forgery[] = [
  {
    name: 'a key without a role',
    section: 6,
    rule: 'a key without a role is not heard',
    make: (ordeal, node) =>
      absent(
        ordeal,
        'a key without a role is not heard',
        ordeal.sign(ordeal.versionBy('stranger', node, 'web/p0'), 'stranger'),
      ),
  },
  chained('a phantom before it', 'what an entry follows comes first', (wire, ordeal) => ({
    ...wire,
    feedSeq: 1,
    feedPrev: [linkOf(ordeal)],
  })),
  chained('a feedSeq too high', 'feedSeq is one more than before', (wire) => ({
    ...wire,
    feedSeq: Number(wire['feedSeq']) + 5,
  })),
  chained('a feedSeq too low', 'feedSeq is one more than before', (wire) =>
    Number(wire['feedSeq']) < 2 ? null : { ...wire, feedSeq: 1 },
  ),
  chained('another feed before it', 'an entry follows entries of its own feed', (wire, ordeal, node) => {
    const head = node.engine.view.ledger.feed(ordeal.keyOf('n1'))
    const [entry] = head?.heads ?? []
    if (entry === undefined || head === undefined) return null
    const link = wireOf(ordeal.versionBy('n1', node, 'web/p0'))['feedPrev']
    return { ...wire, feedPrev: link, feedSeq: head.maxSeq + 1 }
  }),
  historic('a seq too high', 'seq is one more than that of the parents', (version) => ({
    ...version,
    seq: version.seq + 7,
  })),
  historic('a parent of another policy', 'parents are of the same policy', (version, node) => {
    const other = node.engine.view.ledger.policies().find((name) => name.startsWith('web/') || name.startsWith('app/'))
    const head = other === undefined ? undefined : node.engine.view.ledger.policy(other)?.heads[0]
    return head === undefined ? null : { ...version, parents: [head.id], seq: head.body.seq + 1 }
  }),
  {
    name: 'a parent that is nowhere',
    section: 3,
    rule: 'a version whose parents are not here wins nothing',
    make(ordeal, node) {
      const body = { ...ordeal.versionBy('rogue', node, 'dev/orphan'), parents: [ordeal.phantom()], seq: 2 }
      const entry = ordeal.sign(body, 'rogue')
      ordeal.truth.unapplied.set(entry.id, this.rule)
      return [entry.bytes]
    },
  },
  {
    name: 'a child of a void version',
    section: 6,
    rule: 'what descends from a version with a wrong seq is void',
    make(ordeal, node) {
      const bad = ordeal.sign({ ...ordeal.versionBy('rogue', node, 'dev/z'), seq: 90, parents: [] }, 'rogue')
      const child = ordeal.sign(
        {
          ...ordeal.versionBy('rogue', node, 'dev/z'),
          seq: 91,
          parents: [bad.id],
          feedSeq: bad.body.feedSeq + 1,
          feedPrev: [bad.id],
        },
        'rogue',
      )
      ordeal.truth.void.set(child.id, this.rule)
      ordeal.lab.later(400, () => ordeal.submit(node, child))
      return voided(ordeal, 'seq is one more than that of the parents', bad)
    },
  },
  {
    name: 'from the future',
    section: 6,
    rule: 'an entry dated 10 minutes ahead is flagged',
    make(ordeal, node) {
      const body = ordeal.versionBy('rogue', node, 'dev/future', { at: ordeal.nowMs + 24 * 3_600_000 })
      const entry = ordeal.sign(body, 'rogue')
      ordeal.truth.future.set(entry.id, this.rule)
      return [entry.bytes]
    },
  },
  beyond('another policy', 'a grant covers its policies only', 'rogue', 'web/p0'),
  beyond('a policy that only looks alike', 'a grant covers its policies only', 'rogue', 'devious/x'),
  beyond('a verb that was not granted', 'a grant covers its verbs only', 'rogue', 'dev/x', {
    action: 'retire',
    bundle: null,
  }),
  beyond('exec without the verb', 'exec needs the verb exec', 'rogue', 'dev/x', { uses: ['exec'] }),
  beyond('after the end of the grant', 'a grant ends', 'temp', 'tmp/x'),
  {
    name: 'a bundle over maxBlob',
    section: 3,
    rule: "a bundle is not over the grant's maxBlob",
    make: (ordeal, node) =>
      voided(
        ordeal,
        "a bundle is not over the grant's maxBlob",
        ordeal.sign(
          ordeal.versionBy('rogue', node, 'dev/x', { bundle: { ...ordeal.bundle(node), size: ROGUE_MAX_BLOB + 1 } }),
          'rogue',
        ),
      ),
  },
  beyond('an enroller that publishes', 'publishing needs a grant', 'devclerk', 'dev/x'),
  beyond('a root that publishes', 'publishing needs a grant', 'rootB', 'dev/x'),
  {
    name: 'a node outside the grant',
    section: 3,
    rule: "an author's grant must select the node",
    make(ordeal, node) {
      // It counts, but only nodes of dev may run it: the watch knows who does.
      const entry = ordeal.sign(ordeal.versionBy('rogue', node, 'dev/everywhere'), 'rogue')
      ordeal.truth.devOnly.set(entry.id, this.rule)
      return [entry.bytes]
    },
  },
  {
    name: 'a revoke by no root',
    section: 3,
    rule: 'only roots revoke',
    make: (ordeal, node) =>
      voided(
        ordeal,
        'only roots revoke',
        ordeal.sign(
          buildRevoke(node.engine.view.ledger, ordeal.keyOf('clerk'), {
            at: ordeal.nowMs,
            what: 'feed',
            target: ordeal.keyOf('n1'),
          }),
          'clerk',
        ),
      ),
  },
  {
    name: 'a revoke of a root',
    section: 3,
    rule: 'a root or recovery key cannot be revoked',
    make(ordeal, node) {
      const root = ordeal.roots.at(-1) ?? 'rootA'
      const sound = buildRevoke(node.engine.view.ledger, ordeal.keyOf(root), {
        at: ordeal.nowMs,
        what: 'feed',
        target: ordeal.keyOf('nobody'),
      })
      return voided(ordeal, this.rule, ordeal.sign({ ...sound, target: ordeal.keyOf('recovery') }, root))
    },
  },
  {
    name: 'an unknown type',
    section: 1,
    rule: 'an unknown type is kept and not acted on',
    make(ordeal, node) {
      const wire = wireOf(ordeal.versionBy('rogue', node, 'dev/x'))
      return voided(ordeal, this.rule, forge(ordeal, { ...wire, type: 'feed/novel' }, ['rogue']))
    },
  },
  {
    name: 'an invite by no enroller',
    section: 3,
    rule: 'only enrollers invite',
    make(ordeal, node) {
      const wish = {
        at: ordeal.nowMs,
        invite: ordeal.keyOf('invite x'),
        labels: {},
        expires: ordeal.nowMs + 9e6,
        uses: 5,
      }
      return voided(
        ordeal,
        this.rule,
        ordeal.sign(buildInvite(node.engine.view.ledger, ordeal.keyOf('rogue'), wish), 'rogue'),
      )
    },
  },
  {
    name: 'an invite outside its labels',
    section: 2,
    rule: "an enroller's labels cover what it gives",
    make(ordeal, node, c) {
      const labels = c % 2 === 0 ? { env: 'prod' } : { env: 'dev', zone: 'a' }
      const wish = { at: ordeal.nowMs, invite: ordeal.keyOf('invite y'), labels, expires: ordeal.nowMs + 9e6, uses: 5 }
      return voided(
        ordeal,
        this.rule,
        ordeal.sign(buildInvite(node.engine.view.ledger, ordeal.keyOf('devclerk'), wish), 'devclerk'),
      )
    },
  },
  {
    name: 'an invite with a field that must be understood',
    section: 1,
    rule: 'what is critical and not understood is not acted on',
    make(ordeal, node) {
      const wish = {
        at: ordeal.nowMs,
        invite: ordeal.keyOf('invite z'),
        labels: {},
        expires: ordeal.nowMs + 9e6,
        uses: 5,
      }
      const body = { ...buildInvite(node.engine.view.ledger, ordeal.keyOf('clerk'), wish), crit: ['quantum'] }
      return voided(ordeal, this.rule, ordeal.sign(body, 'clerk'))
    },
  },
  {
    name: 'an invite for a key of small order',
    section: 1,
    rule: 'keys of small order are refused',
    make(ordeal, node) {
      const wish = {
        at: ordeal.nowMs,
        invite: ordeal.keyOf('invite z'),
        labels: {},
        expires: ordeal.nowMs + 9e6,
        uses: 5,
      }
      const wire = wireOf(buildInvite(node.engine.view.ledger, ordeal.keyOf('clerk'), wish))
      const weak = new Uint8Array(32)
      weak[0] = 1
      return absent(ordeal, this.rule, forge(ordeal, { ...wire, invite: weak }, ['clerk']))
    },
  },
  {
    name: 'a version with a field that must be understood',
    section: 1,
    rule: 'what is critical and not understood is not acted on',
    make(ordeal, node) {
      const entry = ordeal.sign(ordeal.versionBy('rogue', node, 'dev/crit', { crit: ['quantum'] }), 'rogue')
      ordeal.truth.unapplied.set(entry.id, this.rule)
      return [entry.bytes]
    },
  },
]

/** A link to nothing, as the wire has it. */
function linkOf(ordeal: Ordeal): unknown {
  const version = ordeal.versionBy('rogue', ordeal.up()[0] ?? ordeal.lab.node('n1'), 'dev/x')
  const parents = wireOf({ ...version, parents: [ordeal.phantom()] })['parents']
  return Array.isArray(parents) ? parents[0] : null
}
