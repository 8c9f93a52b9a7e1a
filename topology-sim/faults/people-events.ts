import { buildInvite, buildProvisional } from '../../node/core/index.ts'
import type { Command, Envelope, Invite, Labels } from '../../node/core/index.ts'
import type { EventKind } from './events.ts'
import type { LabNode } from '../lab/lab-node.ts'
import type { Ordeal } from './ordeal.ts'
import { pick } from './ordeal.ts'

/** What operators do every day: publish, retire, invite, relabel, leave. */
export const peopleEvents: readonly EventKind[] = [
  {
    name: 'publish',
    weight: 9,
    act(ordeal, { a, b, c }) {
      const node = publisher(ordeal, a)
      if (node === undefined) return
      // n1 may publish everything, also on top of what the key file said.
      const policy = c % 6 === 0 && node.name === 'n1' ? 'app/p0' : `web/p${b % 3}`
      const bundle = ordeal.bundle(node)
      ordeal.command(node, {
        ...PUBLISH,
        policy,
        bundle,
        onFork: c % 9 === 0 ? 'hold' : 'newest',
        local: c % 4 === 0,
        selector: c % 7 === 0 ? "labels.env == 'prod'" : 'true',
      })
    },
  },
  {
    name: 'publishByKey',
    weight: 4,
    act(ordeal, { a, b }) {
      const node = ordeal.any(a)
      if (node === undefined || !hasCharter(node)) return
      const version = ordeal.sign(ordeal.versionBy('ci', node, `app/p${b % 2}`), 'ci')
      ordeal.truth.sound.set(version.id, { key: ordeal.keyOf('ci'), rule: 'a grant covers it' })
      ordeal.submit(node, version)
      ordeal.lab.later(1_000, () => ordeal.command(node, { type: 'held', version: version.id }))
    },
  },
  {
    name: 'publishTwice',
    weight: 1,
    act(ordeal, { a, b }) {
      // Two CI jobs with one key, at the same time, through two nodes.
      const [one, two] = [ordeal.any(a), ordeal.any(b)]
      if (one === undefined || two === undefined || !hasCharter(one) || !hasCharter(two)) return
      for (const node of [one, two]) ordeal.submit(node, ordeal.sign(ordeal.versionBy('ci', node, 'app/p0'), 'ci'))
    },
  },
  {
    name: 'publishUnfit',
    weight: 1,
    act(ordeal, { a }) {
      // A bundle that contradicts its schema: the version wins, nobody applies it.
      const node = ordeal.any(a)
      if (node === undefined || !hasCharter(node)) return
      const cid = ordeal.phantom()
      ordeal.lab.unfit.add(cid)
      for (const other of ordeal.lab.nodes.values()) other.options.disk.bundles.add(cid)
      ordeal.submit(node, ordeal.sign(ordeal.versionBy('ci', node, 'app/p1', { bundle: { cid, size: 10 } }), 'ci'))
    },
  },
  {
    name: 'retire',
    weight: 1,
    act(ordeal, { a, b }) {
      const node = publisher(ordeal, a)
      if (node !== undefined)
        ordeal.command(node, { ...PUBLISH, policy: `web/p${b % 3}`, action: 'retire', bundle: null })
    },
  },
  {
    name: 'join',
    weight: 2,
    act(ordeal, { a, b }) {
      const via = ordeal.any(a)
      const name = `j${1 + (b % 3)}`
      if (via === undefined || ordeal.lab.nodes.has(name) || !hasCharter(via)) return
      const invite = inviteFor(ordeal, via, name, { env: 'dev' })
      ordeal.submit(via, invite)
      joiner(ordeal, name, invite, name, via)
    },
  },
  {
    name: 'overuse',
    weight: 2,
    act(ordeal, { a, c }) {
      const via = ordeal.any(a)
      if (via === undefined || ordeal.lab.nodes.has('u1') || !hasCharter(via)) return
      const invite = inviteFor(ordeal, via, 'u1', { env: 'dev' }, { open: true })
      ordeal.submit(via, invite)
      const peers = ['u1', 'u2'].map((name) => ordeal.keyOf(name))
      ordeal.truth.uses.set(invite.id, { peers, uses: 1 })
      for (const name of ['u1', 'u2']) ordeal.intruders.add(name)
      joiner(ordeal, 'u1', invite, 'u1', via)
      const second = ordeal.any(c)
      ordeal.lab.later(c % 3 === 0 ? 1 : 4_000, () => joiner(ordeal, 'u2', invite, 'u1', second ?? via))
    },
  },
  {
    name: 'leave',
    weight: 1,
    act(ordeal, { a }) {
      const node = ordeal.any(a)
      if (node === undefined || Number(node.name.slice(1)) < 5 || node.name.endsWith("'")) return
      ordeal.command(node, { type: 'leave' })
      ordeal.truth.leaving.add(node.key)
    },
  },
  {
    name: 'drift',
    weight: 1,
    act: (ordeal, { a }) => ordeal.any(a)?.feed({ type: 'drifted', resources: ['file/x'] }),
  },
  {
    name: 'hold',
    weight: 1,
    act(ordeal, { a }) {
      const node = ordeal.any(a)
      if (node !== undefined) ordeal.command(node, { type: 'hold', reason: 'hands', until: null })
    },
  },
]

const PUBLISH: Extract<Command, { type: 'publish' }> = {
  type: 'publish',
  policy: 'web/p0',
  action: 'apply',
  selector: 'true',
  after: [],
  onFork: 'newest',
  bundle: null,
  uses: ['file'],
  meta: { by: 'node', message: '', repo: '', commit: '', dirty: false },
  local: false,
}

/** n1 and n2 may publish web/*; a clone of one may, until it knows better. */
function publisher(ordeal: Ordeal, n: number): LabNode | undefined {
  return pick(
    ordeal
      .up()
      .filter((node) => node.name.startsWith('n1') || node.name.startsWith('n2'))
      .filter((node) => node.name.length < 4 && !/^n1\d/.test(node.name)),
    n,
  )
}

export function hasCharter(node: LabNode): boolean {
  return node.engine.view.ledger.charters.current !== null
}

/** By the clerk, who holds an enroller's key outside the mesh. */
export function inviteFor(
  ordeal: Ordeal,
  via: LabNode,
  name: string,
  labels: Labels,
  but: { readonly open?: boolean; readonly expiresMs?: number } = {},
): Envelope<Invite> {
  const body = buildInvite(via.engine.view.ledger, ordeal.keyOf('clerk'), {
    at: ordeal.nowMs,
    invite: ordeal.keyOf(`invite ${name}`),
    labels,
    expires: ordeal.nowMs + (but.expiresMs ?? 24 * 3_600_000),
    uses: 1,
    ...(but.open === true ? {} : { name }),
  })
  return ordeal.sign(body, 'clerk')
}

/** A machine with a token: it knows the invite and one member. */
export function joiner(ordeal: Ordeal, name: string, invite: Envelope<Invite>, inviteName: string, via: LabNode): void {
  const wish = { at: ordeal.nowMs, peer: ordeal.keyOf(name), ageRecipient: `age1${name}`, name }
  const certificate = ordeal.sign(buildProvisional(invite, wish), name, `invite ${inviteName}`)
  const credentials = { certificate: certificate.bytes, invite: invite.bytes }
  ordeal.addNode(name, [], { credentials, trusted: [via.key] })
  ordeal.lab.later(1, () => ordeal.lab.connect(name, via.name))
}
