import { describe, expect, it } from 'vitest'
import { hasher } from '../../crypto.ts'
import { actor } from '../../../test/support/tools.ts'
import { join, meshOf, Probe } from '../../../test/support/probe.ts'
import { seal } from '../records/codec.ts'
import { LIMITS } from '../limits.ts'
import { enrollerOf } from '../testing/actors.ts'
import type { Scene } from '../testing/actors.ts'
import type { AdmissionFrame } from './frames.ts'
import { decodeAdmissionFrame, encodeAdmissionFrame } from './frames.ts'

const [n1, n2, root, recovery] = [actor('n1'), actor('n2'), actor('root'), actor('recovery')]
const DAY_MS = 24 * 3_600_000

interface End {
  readonly ok: boolean
  readonly code: string | null
}

/** Lets two probes shake hands: how it ended on both sides, and what was said, in order. */
function shake(dialler: Probe, listener: Probe): { ends: (End | undefined)[]; said: string[] } {
  const said: string[] = []
  const ends: (End | undefined)[] = [undefined, undefined]
  dialler.feed({ type: 'admitStart', conn: 'c', peer: listener.key, role: 'dialler' })
  listener.feed({ type: 'admitStart', conn: 'c', peer: dialler.key, role: 'listener' })
  for (let quiet = false; !quiet;) {
    quiet = true
    for (const [from, to, at] of [
      [dialler, listener, 0],
      [listener, dialler, 1],
    ] as const) {
      for (const { ok, code } of from.take('admitResult')) ends[at] ??= { ok, code }
      for (const { frame } of from.take('admitSend')) {
        quiet = false
        said.push(`${at === 0 ? 'dialler' : 'listener'} ${words(frame)}`)
        to.feed({ type: 'admitFrame', conn: 'c', frame: decodeAdmissionFrame(encodeAdmissionFrame(frame)) })
      }
    }
  }
  return { ends, said }
}

function words(frame: AdmissionFrame): string {
  if (frame.type === 'verdict') return frame.ok ? 'accepts' : `refuses ${frame.code}`
  if (frame.type === 'pull') return `pulls ${frame.pull.kind}`
  return frame.type === 'records' ? `sends ${frame.envelopes.length}` : frame.type
}

const probe = (name: string, scene: Scene, but: ConstructorParameters<typeof Probe>[3] = {}): Probe =>
  new Probe(name, scene.records, scene.now, but)
const both = (code: string) => [
  { ok: false, code },
  { ok: false, code },
]
const LET_IN = [
  { ok: true, code: null },
  { ok: true, code: null },
]

/** A scene in which n2 has an invite and has made its provisional certificate; `paper` is what n2 comes with. */
function invited(but: { expires?: number } = {}) {
  const scene = meshOf()
  const inviteKey = actor('invite')
  const invite = scene.invite(n1, inviteKey, { name: 'n2', ...but })
  const certificate = scene.fork().join(n2, invite, inviteKey)
  const settings = { credentials: { certificate: certificate.bytes, invite: invite.bytes }, trusted: [n1.key] }
  const newcomer = new Probe('n2', [], scene.now, { settings, mesh: scene.ledger.env.mesh })
  return { scene, invite, inviteKey, certificate, newcomer }
}

describe('admission', () => {
  it('lets members in; at a tie the listener judges first', () => {
    const scene = meshOf()
    join(scene, 'n2')
    const { ends, said } = shake(probe('n1', scene), probe('n2', scene))
    expect(ends).toEqual(LET_IN)
    expect(said).toEqual(['dialler hello', 'listener hello', 'listener accepts', 'dialler accepts'])
  })

  it('lets a newcomer in with its invite, and brings it the charter', () => {
    const { scene, newcomer } = invited()
    const first = probe('n1', scene)
    const { ends, said } = shake(newcomer, first)
    expect(ends).toEqual(LET_IN)
    expect(said).toEqual([
      'dialler hello',
      'listener hello',
      'listener accepts',
      'dialler pulls charters',
      'listener sends 1',
      'dialler pulls feed',
      'listener sends 0',
      'dialler accepts',
    ])
    expect(newcomer.engine.view.ledger.charters.current?.id).toBe(scene.ledger.env.mesh)
    expect(first.engine.view.ledger.isMember(n2.key, first.now)).toBe(true)
  })

  it('lets a returning laptop with an old charter in again, under roots that it did not know', () => {
    const scene = meshOf()
    join(scene, 'n2')
    const laptop = probe('n2', scene)
    scene.charter([recovery], { by: 'recovery', roots: { keys: [actor('new root').key], threshold: 1 } })
    scene.certify(n1, n1.key, { name: 'first' })
    const { ends, said } = shake(laptop, probe('n1', scene))
    expect(ends).toEqual(LET_IN)
    expect(said.slice(2)).toEqual([
      'listener accepts',
      'dialler pulls charters',
      'listener sends 1',
      'dialler pulls feed',
      'listener sends 0',
      'dialler accepts',
    ])
    expect(laptop.engine.view.ledger.charters.current?.body.epoch).toBe(1)
  })

  it('asks for what proves a certificate whose enroller was removed since', () => {
    const second = actor('second')
    const scene = meshOf({ enrollers: [enrollerOf(n1.key), enrollerOf(second.key)] })
    join(scene, 'n3')
    const laptop = probe('n3', scene)
    const inviteKey = actor('invite n2')
    const invite = scene.invite(second, inviteKey, { name: 'n2' })
    scene.join(n2, invite, inviteKey)
    scene.certify(second, n2.key)
    scene.charter([root], { enrollers: [enrollerOf(n1.key)] })
    const { ends, said } = shake(laptop, probe('n2', scene))
    expect(ends).toEqual(LET_IN)
    expect(said).toContain('dialler pulls proof')
  })

  it('gives a stranger nothing but a code', () => {
    const scene = meshOf()
    const stranger = new Probe('stranger', [], scene.now, { mesh: scene.ledger.env.mesh })
    const { ends, said } = shake(stranger, probe('n1', scene))
    expect(ends).toEqual(both('E_UNKNOWN_KEY'))
    expect(said.filter((line) => line.includes('sends'))).toEqual([])
  })

  it('gives nothing to one that asks before it is accepted', () => {
    const scene = meshOf()
    const first = probe('n1', scene)
    first.feed({ type: 'admitStart', conn: 'c', peer: n2.key, role: 'listener' })
    first.take('admitSend')
    first.feed({ type: 'admitFrame', conn: 'c', frame: { type: 'pull', pull: { kind: 'charters', have: [] } } })
    expect(first.take('admitSend')).toMatchObject([{ frame: { type: 'verdict', ok: false, code: 'E_NOT_ALLOWED' } }])
  })

  it.each([
    ['a token for another mesh', 'E_WRONG_MESH'],
    ['an invite that has expired', 'E_EXPIRED'],
    ['an invite that is revoked', 'E_REVOKED'],
    ['an invite used too often', 'E_OVERUSED'],
    ["another peer's certificate", 'E_BAD_SIG'],
    ['a certificate without valid signatures', 'E_BAD_SIG'],
    ['a revoked member', 'E_REVOKED'],
    ['one that has left', 'E_LEFT'],
    ['software that is too old', 'E_NEWER'],
  ])('refuses %s', (what, code) => {
    const { scene, invite, inviteKey, certificate } = invited()
    const papers = (bytes: Uint8Array) => ({
      credentials: { certificate: bytes, invite: invite.bytes },
      trusted: [n1.key],
    })
    const comes = (name: string, settings: NonNullable<ConstructorParameters<typeof Probe>[3]>['settings'] = {}) =>
      new Probe(name, [], scene.now, {
        mesh: scene.ledger.env.mesh,
        settings: { ...papers(certificate.bytes), ...settings },
      })
    let guest = comes('n2')
    const host = () => probe('n1', scene)
    let at = host()
    if (what === 'a token for another mesh') {
      const other = meshOf({ name: 'other' })
      guest = new Probe('n2', [], scene.now, { mesh: other.ledger.env.mesh, settings: papers(certificate.bytes) })
    } else if (what === 'an invite that has expired') {
      at.now = invite.body.expires + 1
      at.feed({ type: 'peerUp', peer: 'some member' })
      at.feed({ type: 'syncFrame', peer: 'some member', frame: digestOf(at) })
    } else if (what === 'an invite that is revoked') {
      scene.revoke(root, { what: 'invite', target: inviteKey.key })
      at = host()
    } else if (what === 'an invite used too often') {
      scene.join(actor('n3'), invite, inviteKey)
      at = host()
    } else if (what === "another peer's certificate") guest = comes('n3')
    else if (what === 'a certificate without valid signatures') {
      guest = comes(
        'n2',
        papers(seal({ ...certificate.body, name: 'n2' }, [n2, actor('not the invite')], hasher).bytes),
      )
    } else if (what === 'a revoked member') {
      scene.take(certificate)
      scene.certify(n1, n2.key)
      scene.revoke(root, { what: 'member', target: n2.key })
      at = host()
    } else if (what === 'one that has left') {
      scene.take(certificate)
      scene.certify(n1, n2.key)
      scene.leave(n2)
      at = host()
    } else {
      scene.charter([root], { minVersion: '2.0' })
      at = host()
    }
    expect(shake(guest, at).ends).toEqual(both(code))
  })

  it('does not ask for the expiry of an invite whose certificate it holds, nor in its own first sync', () => {
    const { scene, certificate, newcomer } = invited()
    scene.take(certificate)
    const holder = probe('n1', scene)
    holder.now = scene.now + 2 * DAY_MS
    expect(shake(newcomer, holder).ends).toEqual(LET_IN)
    const fresh = invited()
    const restarted = probe('n1', fresh.scene)
    restarted.now = fresh.scene.now + 2 * DAY_MS
    expect(shake(fresh.newcomer, restarted).ends).toEqual(LET_IN)
  })

  it('hangs up on who stops in the middle, and on who never ends', () => {
    const scene = meshOf()
    join(scene, 'n2')
    const first = probe('n1', scene)
    first.feed({ type: 'admitStart', conn: 'c', peer: n2.key, role: 'listener' })
    first.pass(LIMITS.admission.timeoutMs)
    expect(first.take('admitResult')).toMatchObject([{ ok: false, code: 'E_ADMISSION_TIMEOUT' }])
    first.feed({ type: 'admitStart', conn: 'd', peer: n2.key, role: 'dialler' })
    const bytes = new Uint8Array(200_000)
    for (let i = 0; i < 6; i++) {
      first.feed({ type: 'admitFrame', conn: 'd', frame: { type: 'records', envelopes: [bytes], more: true } })
    }
    expect(first.take('admitResult')).toMatchObject([{ ok: false, code: 'E_MALFORMED' }])
  })

  it('bounds the handshakes at a time', () => {
    const scene = meshOf()
    const first = probe('n1', scene)
    for (let i = 0; i <= LIMITS.admission.handshakes; i++) {
      first.feed({ type: 'admitStart', conn: `c${i}`, peer: actor(`p${i}`).key, role: 'listener' })
    }
    expect(first.take('admitResult')).toMatchObject([{ conn: 'c64', ok: false, code: 'E_BUSY' }])
  })

  it('refuses another wire version, with a sentence', () => {
    const scene = meshOf()
    const first = probe('n1', scene)
    first.feed({ type: 'admitStart', conn: 'c', peer: n2.key, role: 'listener' })
    const hello = { type: 'hello', wire: 2, agent: 'chorus/9', mesh: scene.ledger.env.mesh, tips: [] } as const
    first.feed({ type: 'admitFrame', conn: 'c', frame: { ...hello, certificate: null, invite: null } })
    expect(first.take('admitResult')).toMatchObject([
      { ok: false, code: 'E_WIRE', reason: expect.stringMatching(/wire version 2/) as unknown },
    ])
  })
})

function digestOf(of: Probe) {
  return { type: 'answer', id: 1, answer: { kind: 'digest', digest: of.engine.view.ledger.digest } } as const
}
