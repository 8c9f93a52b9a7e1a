import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import type { Charter, CharterChanges, Envelope, Key, KeySet, Ledger, Signer } from '../../node/core/index.ts'
import { addSignatures, decodeEnvelope, nextCharter, seal, verifyEnvelope } from '../../node/core/index.ts'
import type { ControlClient } from '../../node/control/index.ts'
import { createVerifier, hasher } from '../../node/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import type { Options } from '../input/options.ts'
import { rootSigners } from '../keys/signers.ts'
import { writeWhole } from '../out/file.ts'
import { plural } from '../out/text.ts'

/** What every command that changes the charter prints. `draft` is the file that waits for more signatures, or null. */
export interface CharterOutput {
  readonly id: string
  readonly n: number
  readonly epoch: number
  readonly what: string
  readonly draft: string | null
  /** Signatures still missing. */
  readonly missing: number
  /** New keys that this made: where the root key is, and the recovery key, which is shown this once. */
  readonly made: MadeKeys
}

export interface MadeKeys {
  readonly rootKeyFile: string | null
  readonly recoveryKey: string | null
}
const NOTHING: MadeKeys = { rootKeyFile: null, recoveryKey: null }

/** The charter in force. @throws CliError E_CHARTER_FORK when there are several */
export function charterInForce(ledger: Ledger): Envelope<Charter> {
  const [one, ...others] = ledger.charters.inForce
  if (one === undefined)
    throw new CliError('E_NOT_FOUND', 'this node has no charter yet: wait until it has met a member of the mesh')
  if (others.length > 0)
    throw new CliError(
      'E_CHARTER_FORK',
      `${others.length + 1} rival charters are in force, and what counts is only what all of them allow`,
      'End that first with: chorus charter merge',
    )
  return one
}

/** Signs the next charter with the root keys at hand and hands it to the daemon; with too few it becomes a draft for other roots. */
export async function changeCharter(
  context: Context,
  client: ControlClient,
  options: Options,
  ledger: Ledger,
  changes: Omit<CharterChanges, 'issuedAt'>,
  what: string,
): Promise<void> {
  const { roots } = charterInForce(ledger).body
  const next = nextCharter(ledger, { issuedAt: context.io.now(), ...changes })
  await signAndSend(context, client, next, await rootSigners(context, options, roots), needed([roots]), what)
}

export interface Needed {
  readonly keys: readonly Key[]
  readonly threshold: number
}
/** Of several sets (rivals that one charter follows) each threshold must be met. */
export const needed = (sets: readonly KeySet[]): readonly Needed[] => sets

export async function signAndSend(
  context: Context,
  client: ControlClient,
  next: Charter,
  signers: readonly Signer[],
  sets: readonly Needed[],
  what: string,
  made: MadeKeys = NOTHING,
): Promise<void> {
  await sendOrDraft(context, client, seal(next, signers, hasher), sets, what, undefined, made)
}

/** One more root signs a draft. */
export async function signDraft(
  context: Context,
  client: ControlClient,
  options: Options,
  file: string,
): Promise<void> {
  const path = resolve(context.io.cwd, file)
  const { envelope, sets, what } = readDraft(path)
  const keys = [...new Set(sets.flatMap((set) => set.keys))]
  const signers = await rootSigners(context, options, { keys, threshold: 1 })
  await sendOrDraft(context, client, addSignatures(envelope, signers, hasher), sets, what, path, NOTHING)
}

async function sendOrDraft(
  context: Context,
  client: ControlClient,
  envelope: Envelope<Charter>,
  sets: readonly Needed[],
  what: string,
  draft: string | undefined,
  made: MadeKeys,
): Promise<void> {
  const signed = new Set(envelope.sigs.map((sig) => sig.key))
  const missing = Math.max(...sets.map((set) => set.threshold - set.keys.filter((key) => signed.has(key)).length))
  const { n, epoch } = envelope.body
  if (missing > 0) {
    const path = draft ?? resolve(context.io.cwd, `charter-${n}.draft`)
    if (draft === undefined && existsSync(path))
      throw new CliError('E_FILE_EXISTS', `${path} exists already`, 'Have it signed, or remove it.')
    writeWhole(path, draftText(envelope, sets, what))
    context.out.result<CharterOutput>(
      'charter',
      { id: envelope.id, n, epoch, what, draft: path, missing, made },
      (data) => `${data.draft}\n`,
    )
    context.out.note(
      `Not in force yet: ${plural(missing, 'signature')} missing. Another root signs with: chorus charter sign ${path}`,
    )
    return
  }
  const sent = await client.submit(envelope.bytes)
  if (!sent.counts)
    throw new CliError('E_NOT_ALLOWED', `the charter was not accepted: ${sent.reason} (${sent.code ?? 'void'})`)
  context.out.result<CharterOutput>(
    'charter',
    { id: sent.id, n, epoch, what, draft: null, missing: 0, made },
    (data, paint) =>
      `${paint('green', '●')} charter ${data.n}: ${data.what}\n${data.made.rootKeyFile === null ? '' : `  new root key: ${data.made.rootKeyFile}\n`}`,
  )
}

const draftSchema = z.strictObject({
  chorus: z.literal('charter-draft/1'),
  what: z.string().max(1000),
  needed: z.array(z.strictObject({ keys: z.array(z.string()), threshold: z.int().positive() })).min(1),
  envelope: z.string(),
})

const draftText = (envelope: Envelope<Charter>, sets: readonly Needed[], what: string): string =>
  `${JSON.stringify({ chorus: 'charter-draft/1', what, needed: sets, envelope: Buffer.from(envelope.bytes).toString('base64') }, undefined, 2)}\n`

function readDraft(path: string): {
  readonly envelope: Envelope<Charter>
  readonly sets: readonly Needed[]
  readonly what: string
} {
  const wrong = new CliError(
    'E_ARCHIVE',
    `${path} is no draft of a charter`,
    'A command that lacks signatures writes one.',
  )
  let json: unknown
  try {
    json = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw wrong
    throw error
  }
  const found = draftSchema.safeParse(json)
  if (!found.success) throw wrong
  const envelope = decodeEnvelope(Buffer.from(found.data.envelope, 'base64'), hasher)
  if (!isCharter(envelope) || !verifyEnvelope(envelope, createVerifier())) throw wrong
  return { envelope, sets: found.data.needed, what: found.data.what }
}

const isCharter = (envelope: Envelope): envelope is Envelope<Charter> => envelope.body.type === 'charter'
