import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { checkPattern } from '../expr/regex.ts'
import { LIMITS } from '../limits.ts'
import { unifiedDiff } from './diff.ts'
import { edited, type Edit } from './edit.ts'
import { putContent } from './file-content.ts'
import { attributeChanges, attributeStep, refuse, type Step, type Wishes } from './file-step.ts'
import type { Trace } from './file-trace.ts'
import type { TypeContext } from './type.ts'

/** Attributes of edits: parts of a file that others own. */

const oneLine = z.string().regex(/^[^\n\r]*$/, 'must be one line')
const pattern = z.string().refine(isPattern, 'must be a regular expression of RE2')
const place = {
  after: pattern.optional().describe('new ones go behind the last line that matches'),
  before: pattern.optional().describe('new ones go before the first line that matches'),
  absent: z.boolean().optional().describe('it is to be gone'),
}
const lineWish = z.union([
  oneLine,
  z.strictObject({
    text: oneLine.describe('the line'),
    match: pattern
      .optional()
      .describe('the last line that matches becomes it, all of them if it does not match itself; with absent: all go'),
    ...place,
  }),
])

export const EDITS = {
  line: z
    .union([lineWish, z.array(lineWish).min(1).max(LIMITS.editLines)])
    .optional()
    .describe('lines that a file of others is to have: a text, or {text, match, after, before, absent}, or a list'),
  block: z
    .union([
      z.string(),
      z.strictObject({
        text: z.string().describe('the lines'),
        name: oneLine.min(1).optional().describe('stands in the markers; the name of the resource if nothing is said'),
        comment: oneLine.min(1).optional().describe('how the file begins a comment; # if nothing is said'),
        ...place,
      }),
    ])
    .optional()
    .describe('lines between two markers in a file of others: a text, or {text, name, comment, after, before, absent}'),
  json: z
    .record(z.string(), z.json())
    .optional()
    .describe('keys of a JSON file of others: maps merge, null removes, everything else replaces'),
  ini: z
    .record(
      z.string(),
      z.union([z.record(z.string(), z.union([oneLine, z.number(), z.boolean(), z.null()])), z.null()]),
    )
    .optional()
    .describe('keys of an ini file of others, by section ("" for those before the first); null removes'),
} as const

export const EDIT_FORMS = ['line', 'block', 'json', 'ini'] as const

type EditAttributes = { readonly [K in keyof typeof EDITS]?: z.output<(typeof EDITS)[K]> | undefined }

function isPattern(text: string): boolean {
  try {
    checkPattern(text)
    return true
  } catch {
    return false
  }
}

/** @param name of the resource */
export function editOf(attrs: EditAttributes, name: string): Edit | null {
  const { line, block, json, ini } = attrs
  if (line !== undefined) {
    const lines = Array.isArray(line) ? line : [line]
    return { kind: 'line', lines: lines.map((one) => (typeof one === 'string' ? { text: one } : one)) }
  }
  if (block !== undefined) {
    const wish = typeof block === 'string' ? { text: block } : block
    return { kind: 'block', block: { ...wish, name: wish.name ?? name, comment: wish.comment ?? '#' } }
  }
  if (json !== undefined) return { kind: 'json', json }
  return ini === undefined ? null : { kind: 'ini', ini }
}

/** What of a file an edit holds: others may hold other parts. */
export function editClaims(path: string, edit: Edit): string[] {
  switch (edit.kind) {
    case 'line':
      return edit.lines.map(({ text, match }) => `edit:${path} line ${match ?? text}`)
    case 'block':
      return [`edit:${path} block ${edit.block.name}`]
    case 'ini':
      return Object.entries(edit.ini).flatMap(([section, keys]) =>
        Object.keys(keys ?? { '*': null }).map((key) => `edit:${path} ini [${section}] ${key}`),
      )
    default:
      return Object.keys(edit.json).map((key) => `edit:${path} json ${key}`)
  }
}

export interface EditWish {
  readonly path: string
  readonly edit: Edit
  /** The same object for the same resource. */
  readonly identity: object
  /** Make the file if it is not there. */
  readonly create: boolean
  readonly wishes: Wishes
  readonly validate?: readonly string[] | undefined
}

/** What has to be done so that a file of others has these parts; null if nothing. @throws PolicyError E_CONFLICT, E_NOT_FOUND */
export function editStep(context: TypeContext, wish: EditWish): Step | null {
  const { host, seen } = context
  const { path, edit } = wish
  if (context.claimed(`path:${path}`)) {
    const why = 'another resource manages the whole file: put this into that one'
    throw new PolicyError('E_CONFLICT', `${path} cannot be edited, because ${why}`)
  }
  const entry = host.lstat(path)
  if (entry === null && !wish.create) {
    if (isRemoval(edit)) return null
    throw new PolicyError(
      'E_NOT_FOUND',
      `${path} is not there, so nothing in it can be edited; say create: true to make it`,
    )
  }
  if (entry !== null && entry.kind !== 'file') return refuse(path, entry, 'a file that can be edited')
  const attributes = entry === null ? [] : attributeChanges(host, entry, wish.wishes)
  if (entry !== null && attributes.length === 0 && seen?.matches(path, entry, wish.identity) === true) return null
  const before = entry === null ? new Uint8Array(0) : host.readFile(path, LIMITS.editBytes)
  const { bytes } = edited(before, edit, path)
  const same = entry !== null && bytes === before
  if (same && attributes.length === 0) {
    seen?.note(path, entry, wish.identity, host.now())
    return null
  }
  if (same) return attributeStep(context, path, entry, wish.wishes)
  const diff = context.sensitive ? {} : { diff: unifiedDiff(path, entry === null ? null : before, bytes) }
  return {
    changes: [entry === null ? 'new file' : `edit of ${nameOf(edit)}`, ...attributes],
    ...diff,
    run: (trace) => inTurn(context, path, () => apply(context, wish, trace)),
  }
}

/** Edits of one file wait for each other: each must see what the one before it made. */
async function inTurn(context: TypeContext, path: string, work: () => Promise<void>): Promise<void> {
  await context.gather(`edit ${path}`, work, async (all) => {
    const results: (Error | object)[] = []
    for (const one of all) {
      try {
        await one()
        results.push({})
      } catch (error) {
        results.push(error instanceof Error ? error : new Error(String(error)))
      }
    }
    return results
  })
}

async function apply(context: TypeContext, wish: EditWish, trace: Trace): Promise<void> {
  const { host } = context
  const { path, edit, wishes, validate } = wish
  const entry = host.lstat(path)
  const before = entry === null ? new Uint8Array(0) : host.readFile(path, LIMITS.editBytes)
  const { bytes, undo } = edited(before, edit, path)
  if (entry !== null && bytes === before) return
  // What would take it back holds what was put there, and what is remembered is no place for secrets: it stays.
  if (undo !== null && !context.sensitive) trace.addEdit(path, undo)
  if (entry !== null && attributeChanges(host, entry, wishes).length > 0)
    trace.keepAttributes(path, entry, context.corrective)
  await putContent(context, { path, wanted: { bytes }, wishes, validate }, entry, trace)
}

function isRemoval(edit: Edit): boolean {
  if (edit.kind === 'line') return edit.lines.every(({ absent }) => absent === true)
  return edit.kind === 'block' && edit.block.absent === true
}

function nameOf(edit: Edit): string {
  switch (edit.kind) {
    case 'line':
      return edit.lines.length === 1 ? 'a line' : `${edit.lines.length} lines`
    case 'block':
      return `the block ${edit.block.name}`
    case 'ini':
      return `keys in ${Object.keys(edit.ini)
        .map((section) => (section === '' ? 'the head' : `[${section}]`))
        .join(', ')}`
    default:
      return `the keys ${Object.keys(edit.json).join(', ')}`
  }
}
