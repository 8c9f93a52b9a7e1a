import type { AdmissionFrame, EngineSettings, Hello } from '../../node/core/index.ts'
import type { LabNode } from '../lab/lab-node.ts'
import type { EventKind } from './events.ts'
import type { Ordeal } from './ordeal.ts'
import { hasCharter, inviteFor } from './people-events.ts'
import { buildProvisional } from '../../node/core/index.ts'

/** Who knocks and must not be let in. Each tries once, at one node. */
export const intruderEvents: readonly EventKind[] = [
  {
    name: 'stranger',
    weight: 2,
    act(ordeal, { a }) {
      // One asks for records before it was judged, the other one as if it had been accepted.
      const pull: AdmissionFrame = { type: 'pull', pull: { kind: 'charters', have: [] } }
      const rule = 'a stranger gets no record'
      knock(ordeal, 's1', a, rule, {}, (frame) => (frame.type === 'hello' ? [pull, frame] : [frame]))
      knock(ordeal, 's8', a, rule, {}, (frame) => (frame.type === 'hello' ? [frame, pull] : [frame]))
    },
  },
  {
    name: 'impostor',
    weight: 2,
    act(ordeal, { a }) {
      const own = ordeal.operator.certificateOf(ordeal.keyOf('n3'), ordeal.nowMs).certificate
      if (own === null) return
      const credentials = { certificate: own.bytes, invite: null }
      knock(ordeal, 's2', a, 'a certificate is for the peer that it names', { credentials })
    },
  },
  {
    name: 'expiredInvite',
    weight: 2,
    act(ordeal, { a }) {
      const credentials = papers(ordeal, a, 's3', -2 * 3_600_000)
      const via = ordeal.any(a)
      // A member that has not synced since its start lets it in, on purpose.
      if (credentials !== null && via?.engine.view.synced === true && via.clockAheadMs >= 0)
        knock(ordeal, 's3', a, 'an expired invite lets nobody in', { credentials })
    },
  },
  {
    name: 'oldAgent',
    weight: 1,
    act(ordeal, { a }) {
      const credentials = papers(ordeal, a, 's4', 3_600_000)
      if (credentials !== null)
        knock(ordeal, 's4', a, 'the charter asks for a newer version', { credentials, agent: 'chorus/0.0.1' })
    },
  },
  {
    name: 'otherMesh',
    weight: 1,
    act(ordeal, { a }) {
      const credentials = papers(ordeal, a, 's5', 3_600_000)
      if (credentials === null) return
      const mesh = ordeal.phantom()
      knock(ordeal, 's5', a, 'a peer of another mesh is refused', { credentials }, changed({ mesh }))
    },
  },
  {
    name: 'otherWire',
    weight: 1,
    act(ordeal, { a }) {
      const credentials = papers(ordeal, a, 's6', 3_600_000)
      if (credentials !== null)
        knock(ordeal, 's6', a, 'a peer of another wire version is refused', { credentials }, changed({ wire: 2 }))
    },
  },
  {
    name: 'forgedPapers',
    weight: 2,
    act(ordeal, { a }) {
      const credentials = papers(ordeal, a, 's7', 3_600_000)
      if (credentials === null) return
      const certificate = credentials.certificate.slice()
      const last = certificate.length - 1
      certificate[last] = (certificate[last] ?? 0) ^ 1
      knock(ordeal, 's7', a, 'papers must be signed', { credentials: { ...credentials, certificate } })
    },
  },
]

type Admits = (frame: AdmissionFrame) => readonly AdmissionFrame[]

function changed(but: Partial<Hello>): Admits {
  return (frame) => [frame.type === 'hello' ? { ...frame, ...but } : frame]
}

function knock(
  ordeal: Ordeal,
  name: string,
  a: number,
  rule: string,
  but: Partial<EngineSettings>,
  admits?: Admits,
): void {
  const via = ordeal.any(a)
  if (via === undefined || ordeal.lab.nodes.has(name) || !hasCharter(via)) return
  ordeal.truth.outsiders.set(ordeal.keyOf(name), rule)
  ordeal.intruders.add(name)
  ordeal.loners.add(name)
  const node: LabNode = ordeal.addNode(name, [], { trusted: [via.key], ...but })
  if (admits !== undefined) node.malice = { admits }
  ordeal.lab.connect(name, via.name)
}

/** A provisional certificate by an invite that ends at this time from now. */
function papers(ordeal: Ordeal, a: number, name: string, expiresMs: number): EngineSettings['credentials'] {
  const via = ordeal.any(a)
  if (via === undefined || !hasCharter(via) || ordeal.lab.nodes.has(name)) return null
  const invite = inviteFor(ordeal, via, name, { env: 'dev' }, { expiresMs })
  ordeal.submit(via, invite)
  const wish = { at: ordeal.nowMs, peer: ordeal.keyOf(name), ageRecipient: `age1${name}` }
  const certificate = ordeal.sign(buildProvisional(invite, wish), name, `invite ${name}`)
  return { certificate: certificate.bytes, invite: invite.bytes }
}
