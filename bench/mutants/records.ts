import { mutant } from './types.ts'
import type { Mutant } from './types.ts'

/** Encoding, envelopes and signatures (section 1), and the order of checks (section 6). */
const CBOR = 'records/cbor.ts'
const CODEC = 'records/codec.ts'
const CHECKS = 'engine/checks.ts'

export const recordMutants: readonly Mutant[] = [
  mutant(
    1,
    'encoding need not be canonical',
    CBOR,
    "if (!sameBytes(again, bytes)) throw malformed('not in canonical form')",
  ),
  mutant(
    1,
    'floats are taken',
    CBOR,
    'if (info === 20 || info === 21 || info === 22) return at + 1',
    'if (info === 20 || info === 21 || info === 22) return at + 1\n    if (info === 27) return at + 9',
  ),
  mutant(1, 'any depth is taken', CBOR, 'if (depth > RECORD_LIMITS.depth) throw', 'if (depth > 1000) throw'),
  {
    name: 'any wire version is taken',
    section: 1,
    edits: [
      { file: CODEC, find: 'if (v !== 1) throw wrong', put: 'if (v === 0) throw wrong' },
      {
        file: 'records/schemas.ts',
        find: 'const header = { v: literal(1), crit }',
        put: 'const header = { v: int(), crit }',
      },
    ],
  },
  {
    name: 'records of any size are taken',
    section: 1,
    edits: [
      {
        file: CODEC,
        find: "if (body.type !== 'charter' && bytes.length > RECORD_LIMITS.recordBytes) {",
        put: 'if (bytes.length < 0) {',
      },
      { file: CHECKS, find: 'candidate.bytes.length > RECORD_LIMITS.recordBytes', put: 'candidate.bytes.length < 0' },
    ],
  },
  mutant(
    1,
    'fields may be missing',
    'records/shape.ts',
    "if (!Object.hasOwn(from, name)) throw wrong('it is missing')",
    'if (!Object.hasOwn(from, name)) continue',
  ),
  mutant(1, 'further signatures are taken', CODEC, 'if (envelope.sigs.length !== must.length) return false'),
  mutant(
    1,
    'anyone may sign',
    CODEC,
    'if (!must.every((key) => envelope.sigs.some((sig) => sig.key === key))) return false',
  ),
  mutant(
    1,
    'a signature covers the body alone',
    CODEC,
    'const head = encoder.encode(`DSSEv1',
    'if (type !== "") return bodyBytes\n  const head = encoder.encode(`DSSEv1',
  ),
  mutant(1, 'a key may sign twice', CODEC, "if ((sigs[i - 1]?.key ?? '') >= (sigs[i]?.key ?? ''))", 'if (i < 0)'),
  mutant(
    1,
    'keys of small order are taken',
    'records/shape.ts',
    'if (isSmallOrder(hex)) throw',
    'if (hex === "") throw',
  ),
  {
    name: 'refusals are remembered by body',
    section: 1,
    edits: [
      {
        file: CHECKS,
        find: 'refusals.set(hashOf(state, candidate), code)',
        put: 'refusals.set(candidate.envelope?.id ?? hashOf(state, candidate), code)',
      },
      {
        file: CHECKS,
        find: 'return envelope !== null && state.ledger.has(envelope.id) ? ignore(null) : null',
        put: "if (envelope !== null && state.refusals?.has(envelope.id) === true) return reject('E_BAD_SIG')\n  return envelope !== null && state.ledger.has(envelope.id) ? ignore(null) : null",
      },
    ],
  },
  mutant(
    1,
    'entries with unknown critical fields count',
    'ledger/judge.ts',
    'if (newer.length > 0) return isVoid',
    'if (newer.length > 99) return isVoid',
  ),
  mutant(
    1,
    'versions with unknown critical fields are run',
    'ledger/versions.ts',
    'needsNewer: notUnderstood(first.body),',
    'needsNewer: [],',
  ),
  mutant(
    1,
    'charters with unknown critical fields are in force',
    'ledger/charters.ts',
    'everyone.filter((envelope) => notUnderstood(envelope.body).length === 0)',
    'everyone',
  ),
  mutant(
    1,
    'unknown types count',
    'ledger/judge.ts',
    "if ('unknown' in envelope.body) return isVoid",
    "if ('unknown' in envelope.body) return COUNTS\n  if ('never' in envelope.body) return isVoid",
  ),
  mutant(
    6,
    'signatures are not verified',
    CODEC,
    'return envelope.sigs.every(({ key, sig }) => verifier.verify(key, message, sig))',
    'return message.length > 0',
  ),
  {
    name: 'records of other meshes are taken',
    section: 6,
    edits: [
      { file: CHECKS, find: "=== mesh ? null : reject('E_WRONG_MESH')", put: '=== mesh ? null : null' },
      { file: 'ledger/feeds.ts', find: 'if (body.mesh !== mesh) return', put: "if (body.mesh === '') return" },
    ],
  },
  mutant(6, 'neighbours have no rate', CHECKS, "if (link.tokens < 1) return ignore('E_RATE')"),
  mutant(
    6,
    'charters are taken by gossip',
    CHECKS,
    "if (candidate.via === 'gossip' && candidate.envelope.family === 'charter') return reject('E_NOT_ALLOWED')",
  ),
  mutant(
    6,
    'entries from the future are not flagged',
    'engine/intake.ts',
    'if (!isFeed(envelope) || envelope.body.at <= state.wall + LIMITS.intake.futureMs) return null',
    'if (envelope.id !== "") return null',
  ),
  mutant(
    6,
    'beacons of strangers are heard',
    'beacons/intake.ts',
    'if (!isKnownPeer(state, key)) {',
    'if (key === "" && !isKnownPeer(state, key)) {',
  ),
  mutant(6, 'beacons of any age are heard', 'beacons/intake.ts', '> LIMITS.beacons.ageMs', '> Number.MAX_SAFE_INTEGER'),
  mutant(
    6,
    'older beacons replace newer ones',
    'beacons/intake.ts',
    'if (known !== undefined && !isNewer(envelope.body, known.beacon.body, judgeNow(state))) return false',
  ),
  mutant(
    6,
    'holding pools have no bound',
    'engine/holding.ts',
    'if (crowded) byId.delete',
    'if (crowded && byId.size > 1e9) byId.delete',
  ),
  mutant(6, 'gaps have no bound', 'engine/gaps.ts', 'if (state.gaps.size >= LIMITS.stale.gaps) return'),
  mutant(
    6,
    'records count before they are durable',
    'engine/batches.ts',
    'batches.flying.push({',
    'state.durable = state.ledger\n  batches.flying.push({',
  ),
  mutant(6, 'a failed batch is kept', 'engine/batches.ts', 'state.ledger = state.durable\n', '\n'),
]
