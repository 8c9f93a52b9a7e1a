import { buildCertificate, buildLeave, buildProvisional, buildRevoke } from '../../../node/core/index.ts'
import type { Certificate, Envelope, Invite, Leave, Provisional } from '../../../node/core/index.ts'
import type { LabNode } from '../../lab/lab-node.ts'
import type { Ordeal } from '../ordeal.ts'
import { inviteFor } from '../people-events.ts'
import { absent, forge, voided, wireOf } from './tools.ts'
import type { Forgery } from './tools.ts'

/** Wrong certificates: by enrollers outside their labels, of peers that never joined, by invites bent or used too often. */
const certified = (
  name: string,
  rule: string,
  signer: string,
  bend: (body: Certificate, ordeal: Ordeal, node: LabNode) => Certificate | null,
  peer = 'n3',
): Forgery => ({
  name,
  section: 4,
  rule,
  make(ordeal, node) {
    const { ledger } = node.engine.view
    if (ledger.certificateOf(ordeal.keyOf(peer), ordeal.nowMs).certificate === null) return []
    const body = buildCertificate(ledger, ordeal.keyOf(signer), { at: ordeal.nowMs, peer: ordeal.keyOf(peer) })
    const bent = bend(body, ordeal, node)
    return bent === null ? [] : voided(ordeal, rule, ordeal.sign(bent, signer))
  },
})

/** A provisional certificate of a machine that nobody invited like this. */
const joining = (
  name: string,
  rule: string,
  signers: readonly string[],
  bend: (body: Provisional) => Provisional,
): Forgery => ({
  name,
  section: 4,
  rule,
  make(ordeal, node) {
    const invite = inviteFor(ordeal, node, 'f1', { env: 'dev' })
    ordeal.submit(node, invite)
    const wish = { at: ordeal.nowMs, peer: ordeal.keyOf('f1'), ageRecipient: 'age1f1' }
    const forged = forge(ordeal, wireOf(bend(buildProvisional(invite, wish))), signers)
    ordeal.truth.outsiders.set(ordeal.keyOf('f1'), rule)
    return absent(ordeal, rule, forged)
  },
})

export const memberForgeries: readonly Forgery[] = [
  certified(
    'labels that its enroller may not give',
    "an enroller's labels cover what it gives",
    'devclerk',
    (body) => ({
      ...body,
      labels: { env: 'prod' },
    }),
  ),
  certified(
    'a peer of prod taken over by dev',
    'the signer covers also what the certificate replaces',
    'devclerk',
    (body, ordeal, node) =>
      node.engine.view.ledger.certificateOf(ordeal.keyOf('n2'), ordeal.nowMs).labels['env'] === 'prod'
        ? { ...body, labels: { env: 'dev' } }
        : null,
    'n2',
  ),
  certified('a serial too high', 'serials go up by one', 'clerk', (body) => ({ ...body, serial: body.serial + 2 })),
  certified('another peer in it', 'a certificate replaces one of the same peer', 'clerk', (body, ordeal) => ({
    ...body,
    peer: ordeal.keyOf('n2'),
  })),
  certified('by no enroller', 'only enrollers certify', 'rogue', (body) => body),
  {
    name: 'a peer of prod taken over in two steps',
    section: 4,
    rule: 'a void certificate in between does not widen what a signer covers',
    make(ordeal, node) {
      const { ledger } = node.engine.view
      const peer = ordeal.keyOf('n2')
      if (ledger.certificateOf(peer, ordeal.nowMs).labels['env'] !== 'prod') return []
      const wish = { at: ordeal.nowMs, peer, labels: { env: 'dev' } }
      const first = ordeal.sign(buildCertificate(ledger, ordeal.keyOf('devclerk'), wish), 'devclerk')
      const { id, body } = first
      const next = { ...body, serial: body.serial + 1, replaces: id, feedSeq: body.feedSeq + 1, feedPrev: [id] }
      const second = ordeal.sign(next, 'devclerk')
      ordeal.truth.void.set(second.id, this.rule)
      ordeal.lab.later(300, () => ordeal.submit(node, second))
      return voided(ordeal, 'the signer covers also what the certificate replaces', first)
    },
  },
  {
    name: 'serial 0 for another',
    section: 4,
    rule: 'at serial 0 an enroller certifies only itself',
    make(ordeal, node) {
      const { ledger } = node.engine.view
      const { replaces: _replaces, ...body } = buildCertificate(ledger, ordeal.keyOf('clerk'), {
        at: ordeal.nowMs,
        peer: ordeal.keyOf('n1'),
      })
      ordeal.truth.outsiders.set(ordeal.keyOf('f2'), this.rule)
      const forged = ordeal.sign({ ...body, peer: ordeal.keyOf('f2'), serial: 0, name: 'f2' }, 'clerk')
      return voided(ordeal, this.rule, forged)
    },
  },
  joining('without the peer', 'a provisional certificate is signed by its peer', ['invite f1'], (body) => body),
  joining('without the invite', 'a provisional certificate is signed by its invite', ['f1'], (body) => body),
  joining(
    'other labels than invited',
    "a provisional certificate has exactly the invite's labels",
    ['f1', 'invite f1'],
    (body) => ({
      ...body,
      labels: { env: 'prod' },
    }),
  ),
  joining(
    'another name than invited',
    "a provisional certificate has exactly the invite's name",
    ['f1', 'invite f1'],
    (body) => ({
      ...body,
      name: 'n1',
    }),
  ),
  {
    name: 'an invite that was revoked',
    section: 3,
    rule: 'a revoked invite lets nobody in',
    make(ordeal, node) {
      const invite = inviteFor(ordeal, node, 'f3', { env: 'dev' })
      const { ledger } = node.engine.view
      if (ledger.charters.inForce.length !== 1) return []
      ordeal.submit(node, invite)
      const root = ordeal.roots[0] ?? ''
      revokeInvite(ordeal, node, invite, root)
      ordeal.truth.gone.set(ordeal.keyOf('f3'), this.rule)
      ordeal.truth.voidAtEnd.set(invite.id, 'a revoked invite is void')
      const wish = { at: ordeal.nowMs, peer: ordeal.keyOf('f3'), ageRecipient: 'age1f3' }
      const late = ordeal.sign(buildProvisional(invite, wish), 'f3', 'invite f3')
      // Only where the revocation is known: elsewhere it would be honest for a moment.
      ordeal.lab.later(300, () => {
        const held = node.engine.view.ledger.invite(invite.id)
        if (node.up && held?.revoked === true) ordeal.submit(node, late)
      })
      return []
    },
  },
  {
    name: 'a leave by another',
    section: 3,
    rule: 'only the peer itself says that it leaves',
    make(ordeal, node) {
      const leave = leaveOf(ordeal, node)
      if (leave === null) return []
      return absent(ordeal, this.rule, forge(ordeal, wireOf(leave), ['mal']))
    },
  },
  {
    name: 'a leave by a stranger',
    section: 6,
    rule: 'a set record is of a known peer',
    make(ordeal, node) {
      const leave = leaveOf(ordeal, node)
      if (leave === null) return []
      return absent(
        ordeal,
        this.rule,
        forge(ordeal, { ...wireOf(leave), key: wireOf(ordeal.versionBy('stranger', node, 'web/p0'))['key'] }, [
          'stranger',
        ]),
      )
    },
  },
  {
    name: 'seventy set records of one key',
    section: 3,
    rule: 'of one key at most 64 set records are kept',
    make(ordeal, node) {
      const leave = leaveOf(ordeal, node)
      if (leave === null) return []
      const wire = wireOf(leave)
      const { key } = wireOf(ordeal.versionBy('rogue', node, 'dev/x'))
      if (ordeal.truth.once.has('sets')) return []
      ordeal.truth.once.add('sets')
      const many = Array.from({ length: 70 }, (_, i) =>
        forge(ordeal, { ...wire, type: 'set/novel', key, at: i }, ['rogue']),
      )
      return many.map(({ bytes }) => bytes)
    },
  },
]

/** What n1 would say to leave; null on a node that does not know n1 yet. */
function leaveOf(ordeal: Ordeal, { engine }: LabNode): Leave | null {
  const { ledger } = engine.view
  const n1 = ordeal.keyOf('n1')
  return ledger.certificateOf(n1, ordeal.nowMs).certificate === null ? null : buildLeave(ledger, n1, ordeal.nowMs)
}

function revokeInvite(ordeal: Ordeal, node: LabNode, invite: Envelope<Invite>, root: string): void {
  const wish = { at: ordeal.nowMs, what: 'invite', target: invite.body.invite } as const
  ordeal.announce(node, buildRevoke(ordeal.learn(node), ordeal.keyOf(root), wish), root)
}
