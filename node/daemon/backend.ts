import type { Backend } from '../control/backend.ts'
import type { ControlEvent, Published, PublishRequest } from '../control/index.ts'
import { ControlError } from '../control/errors.ts'
import type { Framed } from '../control/frames.ts'
import { CONTROL_LIMITS } from '../control/limits.ts'
import { nodeRows } from '../control/views/nodes.ts'
import { policiesOfNode } from '../control/views/of-node.ts'
import { charterView, feedView, logEntries, recordView } from '../control/views/records.ts'
import { statusView } from '../control/views/status.ts'
import { identityOf, nowOf } from '../control/views/world.ts'
import type { NodeWorld } from '../control/views/world.ts'
import { API_VERSION } from '../control/version.ts'
import type { BlobService } from '../blobs/types.ts'
import type { Cid, Envelope, Reply } from '../core/index.ts'
import { isVersion } from '../core/index.ts'
import type { Asking } from './asking.ts'
import { bundleFrames, importBundle, recordFrames } from './carry.ts'
import type { Converger, RunReport } from './converger.ts'
import { makeInvite } from './invite.ts'
import { planFor } from './plan.ts'
import type { Screens } from './screens.ts'

export interface BackendOptions {
  readonly world: () => NodeWorld
  readonly asking: Asking
  readonly blobs: BlobService
  readonly converger: Converger
  /** A bundle that was handed in is held now. */
  readonly stored: (cid: Cid, size: number) => Promise<void>
  readonly lastRun: () => RunReport | null
  readonly screens: Screens
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>
  readonly subscribe: (listener: (event: ControlEvent) => void) => () => void
}

/** What the control API answers with: reads are views of the engine, writes are commands to it. */
export function createBackend(options: BackendOptions): Backend {
  const { world, asking, blobs, converger } = options

  /** Whether a record that is in the ledger counts, and why not. */
  function judged(id: Cid): { counts: boolean; code: string | null; reason: string } {
    const judgement = world().view.ledger.judge(id)
    return { counts: judgement?.counts ?? true, code: judgement?.code ?? null, reason: judgement?.reason ?? '' }
  }

  async function submit(
    bytes: Uint8Array,
  ): Promise<{ id: string; counts: boolean; code: string | null; reason: string }> {
    const { result, code, id } = await asking.submit(bytes)
    const held = id !== null && world().view.ledger.has(id)
    if (!held) {
      const refused = code ?? 'E_MALFORMED'
      throw new ControlError(toCode(refused), `The record is not taken (${refused}, ${result}): ${meaningOf(refused)}`)
    }
    return { id, ...judged(id) }
  }

  return {
    ...options.screens.answers,
    status: () => statusView(world()),
    nodes: () => ({ api: API_VERSION, nodes: nodeRows(world()) }),
    nodePolicies: async (key) => await policiesOfNode(world(), key, async (cid) => await blobs.has(cid)),
    log(policy, max) {
      const { ledger } = world().view
      const entries = logEntries({ ledger, self: identityOf(world()), now: nowOf(world()), policy, max })
      return { api: API_VERSION, entries }
    },
    charter: () => charterView(world().view.ledger, nowOf(world())),
    feed: (key) => feedView(world().view.ledger, key),
    record: (id) => recordView(world().view.ledger, id),
    submit,

    async publish(request, signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(request.timeoutMs ?? CONTROL_LIMITS.heldMs)])
      const reply = await answered(asking.command({ ...request, type: 'publish' }), limit, () =>
        newest(world(), request),
      )
      return published(world(), recordOf(reply), reply.heldBy ?? 0)
    },
    async held(bundle, timeoutMs, signal) {
      const version = versionOf(world(), bundle)
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      const reply = await answered(asking.command({ type: 'held', version: version.id }), limit, () => version)
      return { heldBy: reply.heldBy ?? 0 }
    },
    invite: async (request) => await makeInvite(asking, world(), request),
    async certify(request) {
      const { id } = recordOf(succeeded(await asking.command({ type: 'certify', ...request })))
      const { counts, code } = judged(id)
      return { id, counts, code }
    },
    plan: async (request) => await planFor(world(), converger, blobs, request),
    async converge() {
      succeeded(await asking.command({ type: 'converge' }))
      const run = options.lastRun()
      const outcomes = run?.outcomes ?? []
      return {
        api: API_VERSION,
        converged: run?.converged ?? true,
        outcomes: outcomes.map((outcome) => ({ ...outcome })),
      }
    },
    hold: async ({ reason, until }) => done(await asking.command({ type: 'hold', reason, until })),
    unhold: async () => done(await asking.command({ type: 'unhold' })),
    leave: async () => done(await asking.command({ type: 'leave' })),

    async putBlocks(frames) {
      const taken = await importBundle(blobs, frames)
      await options.stored(taken.root, taken.bytes)
      return { stored: taken.stored, bytes: taken.bytes }
    },
    bundle: async (cid) => await bundleFrames(blobs, cid),
    records: () => recordFrames(world().view.ledger.records()),
    importRecords: async (frames) => await importAll(frames, submit, (id) => world().view.ledger.has(id)),
    metrics: options.metrics,
    subscribe: options.subscribe,
  }
}

type Succeeded = Extract<Reply, { readonly ok: true }>

function succeeded(reply: Reply): Succeeded {
  if (reply.ok) return reply
  throw new ControlError(toCode(reply.code), reply.message)
}

/** The engine's answer; if it does not come in time the version is durable all the same, which the error says. */
async function answered(
  asked: Promise<Reply>,
  limit: AbortSignal,
  version: () => Envelope | undefined,
): Promise<Succeeded> {
  const late = new Promise<null>((resolve) => {
    limit.addEventListener('abort', () => resolve(null), { once: true })
  })
  const reply = await Promise.race([asked, late])
  if (reply !== null && (reply.ok || reply.record === undefined)) return succeeded(reply)
  const id = reply?.record?.id ?? version()?.id
  if (id === undefined)
    throw new ControlError('E_TIMEOUT', 'The version could not be written in time: nothing was published.')
  throw new ControlError(
    'E_NOT_HELD',
    `The version ${id} is durable on this node and goes on spreading, but no other peer has said yet that it holds it.`,
  )
}

function recordOf({ record }: Succeeded): Envelope {
  if (record === undefined)
    throw new ControlError('E_INTERNAL', 'The engine answered without the record that it wrote.')
  return record
}

function done(reply: Reply): { ok: true; note: string } {
  return { ok: true, note: succeeded(reply).note ?? '' }
}

function published({ view: { ledger } }: NodeWorld, record: Envelope, heldBy: number): Published {
  if (!isVersion(record)) throw new ControlError('E_INTERNAL', `What was published is a ${record.body.type}.`)
  const { policy, seq, parents } = record.body
  const judgement = ledger.judge(record.id)
  return {
    id: record.id,
    policy,
    seq,
    parents: [...parents],
    counts: judgement?.counts ?? true,
    code: judgement?.code ?? null,
    reason: judgement?.reason ?? '',
    heldBy,
  }
}

/** This node's newest version with this content, if it was written meanwhile. */
function newest({ view: { ledger }, self }: NodeWorld, { policy, bundle }: PublishRequest): Envelope | undefined {
  return ledger
    .log(policy)
    .map(({ version }) => version)
    .find(({ body }) => body.key === self && body.bundle?.cid === bundle?.cid)
}

function versionOf({ view: { ledger } }: NodeWorld, bundle: Cid): Envelope {
  for (const policy of ledger.policies()) {
    const line = ledger.log(policy).find(({ version }) => version.body.bundle?.cid === bundle)
    if (line) return line.version
  }
  throw new ControlError('E_NOT_FOUND', `No version here has the bundle ${bundle}.`)
}

async function importAll(
  frames: AsyncIterable<Framed>,
  submit: (bytes: Uint8Array) => Promise<unknown>,
  has: (id: Cid) => boolean,
): ReturnType<Backend['importRecords']> {
  const { CID } = await import('multiformats/cid')
  const refused: { id: string; code: string; reason: string }[] = []
  let [admitted, known] = [0, 0]
  for await (const { id, bytes } of frames) {
    const cid = CID.decode(id).toString()
    if (has(cid)) {
      known += 1
      continue
    }
    try {
      await submit(Uint8Array.from(bytes))
      admitted += 1
    } catch (error) {
      if (!(error instanceof ControlError) || refused.length >= REFUSED_SHOWN) throw error
      refused.push({ id: cid, code: error.code, reason: error.message })
    }
  }
  return { admitted, known, refused }
}

/** An import with more refusals than this is the wrong file. */
const REFUSED_SHOWN = 1000

/** Codes of the engine that have a name of their own in the control API. */
function toCode(code: string): ControlError['code'] {
  if (code === 'E_UNHELD') return 'E_NOT_HELD'
  return `E_${code.replace(/^E_/, '')}`
}

const MEANINGS: Readonly<Record<string, string>> = {
  E_UNKNOWN_KEY: 'its key has no role in this mesh.',
  E_BAD_SIG: 'a signature is not valid.',
  E_WRONG_MESH: 'it belongs to another mesh.',
  E_MALFORMED: 'its bytes are not a record.',
  E_TOO_LARGE: 'it is over its limit.',
  E_FEED_GAP: 'an entry that comes before it is not here.',
  E_CHARTER: 'the charter does not follow those that are here.',
  E_THRESHOLD: 'too few of the keys that must have signed it.',
  E_REVOKED: 'its key was revoked.',
  E_STORE: 'it could not be stored.',
}

function meaningOf(code: string): string {
  return MEANINGS[code] ?? 'see docs/errors.md.'
}
