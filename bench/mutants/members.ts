import { mutant } from './types.ts'
import type { Mutant } from './types.ts'

/** Certificates and admission (section 4), spreading and publishing (sections 3 and 5). */
const JUDGE = 'ledger/judge.ts'
const ADMIT = 'admission/judge.ts'
const SHAKE = 'admission/handshake.ts'

export const memberMutants: readonly Mutant[] = [
  mutant(
    4,
    'anyone may enroll',
    JUDGE,
    "if (lines.length === 0) return isVoid('E_SCOPE', `its key is no enroller",
    "if (lines.length === 0) return COUNTS\n  if (lines.length < 0) return isVoid('E_SCOPE', `its key is no enroller",
  ),
  mutant(
    4,
    'what a certificate replaces need not be covered',
    JUDGE,
    'const sets = [link.body.labels, previous.body.labels, ...earlier]',
    'const sets = [link.body.labels]',
  ),
  mutant(
    4,
    'a void certificate in between is enough',
    JUDGE,
    'const sets = [link.body.labels, previous.body.labels, ...earlier]',
    'const sets = [link.body.labels, previous.body.labels]',
  ),
  mutant(
    4,
    'any serial will do',
    JUDGE,
    'if (link.body.serial !== previous.body.serial + 1) {',
    'if (link.body.serial < 0) {',
  ),
  mutant(
    4,
    'a certificate may replace that of another peer',
    JUDGE,
    'if (link.body.peer !== peerOf(previous)) return',
    "if (link.body.peer === '') return",
  ),
  mutant(
    4,
    'anyone may be certified at serial 0',
    JUDGE,
    'if (envelope.body.key === envelope.body.peer) return COUNTS',
    'if (envelope.body.key !== "") return COUNTS',
  ),
  {
    name: 'a revoked peer stays a member',
    section: 4,
    edits: [
      {
        file: JUDGE,
        find: 'if (tip.revokes.member.has(envelope.body.peer)) return',
        put: "if (envelope.body.peer === '') return",
      },
      { file: JUDGE, find: 'if (tip.revokes.member.has(body.key)) return', put: "if (body.key === '') return" },
    ],
  },
  mutant(
    4,
    'a revoked invite lets in',
    JUDGE,
    'if (!confirmed && revokes.some((revoke) => !revoke.body.keep.includes(id))) {',
    "if (id === '') {",
  ),
  mutant(
    4,
    'a revoked invite counts',
    JUDGE,
    "if (tip.revokes.invite.has(envelope.body.invite)) return isVoid('E_REVOKED', 'the invite is revoked')",
  ),
  mutant(
    4,
    'an invite may be used by any number',
    JUDGE,
    'return certificates > body.uses && peersOf(state, id).length > body.uses',
    'return certificates < 0',
  ),
  mutant(
    4,
    'a provisional certificate may differ from its invite',
    'ledger/sets.ts',
    'return fits(envelope.body, invite.body) ? null',
    'return body.key !== "" ? null',
  ),
  mutant(
    4,
    'the invite need not sign',
    'records/codec.ts',
    "if ('inviteId' in body) return [body.key, body.invite]",
    "if ('inviteId' in body) return null",
  ),
  mutant(
    4,
    'who left is still a member',
    'ledger/members.ts',
    'if (left !== null && left >= best.certificate.body.serial) return',
    'if (left !== null && left < 0) return',
  ),
  mutant(
    4,
    'a stranger is let in',
    ADMIT,
    "if (certificate === null) return no('E_UNKNOWN_KEY', 'it presents no certificate, and none is here', true)",
    'if (certificate === null) return { ok: true, take }',
  ),
  mutant(4, 'papers may be those of another', ADMIT, 'if (of !== peer) return no', "if (of === '') return no"),
  mutant(
    4,
    'invites never expire',
    ADMIT,
    'judgeNow(state) <= invite.body.expires) return null',
    'judgeNow(state) > 0) return null',
  ),
  mutant(
    4,
    'any version of the agent is let in',
    ADMIT,
    'if (minVersion.some((least) => isOlder(versionOf(presented.agent), least))) {',
    'if (minVersion.length < 0) {',
  ),
  mutant(
    4,
    'peers of another mesh are let in',
    SHAKE,
    'if (hello.mesh !== state.ledger.env.mesh)',
    "if (hello.mesh === '')",
  ),
  mutant(4, 'peers of another wire version are let in', SHAKE, 'if (hello.wire !== 1) {', 'if (hello.wire < 0) {'),
  mutant(
    4,
    'papers need no signature',
    SHAKE,
    "return state.reader.verify(envelope) ? envelope : 'bad'",
    'return envelope',
  ),
  mutant(
    4,
    'strangers get records',
    SHAKE,
    "if (!handshake.accepted) return refuse(state, handshake, 'E_NOT_ALLOWED', 'it asked before it was accepted')",
  ),
  mutant(
    4,
    'peers are not looked at again',
    'engine/members.ts',
    'const code = whyNot(state, peer)\n    if (code === null) continue',
    'const code = whyNot(state, peer)\n    if (code !== "") continue',
  ),
  mutant(
    4,
    'clones go unnoticed',
    'beacons/intake.ts',
    'if (state.cloned || beacon.instance === state.instance) return',
    'if (beacon.instance !== "") return',
  ),
  mutant(
    3,
    'a publish is acknowledged by nobody',
    'engine/acknowledge.ts',
    'const until = state.now + state.settings.timing.holdsMs',
    'if (record.id !== "") return reply(state, ref, { ok: true, record, heldBy: 1 })\n  const until = state.now + state.settings.timing.holdsMs',
  ),
  mutant(
    5,
    'who holds a record says that it holds the bundle',
    'sync/holders.ts',
    'return bundle === null || (state.converging?.stored.has(bundle.cid) ?? false)',
    'return true',
  ),
]
