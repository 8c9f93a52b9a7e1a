import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { andThen, isPromise, type MaybePromise } from '../maybe.ts'
import { accountName, argv, cleanPath, foldersAbove, hostPath, octalMode } from './attributes.ts'
import { attributesStep, fileStep, type Wanted } from './file-content.ts'
import { absentStep, folderStep, linkStep } from './file-folder.ts'
import type { Step, Wishes } from './file-step.ts'
import { EDIT_FORMS, editClaims, editOf, EDITS, editStep } from './file-edit.ts'
import { hasPending, Trace, withoutPending } from './file-trace.ts'
import { treePaths, treeSteps } from './file-tree.ts'
import { rewindFile, undoFile } from './file-undo.ts'
import { verifyTogether } from './file-verify.ts'
import { defineType, KEPT, type TypeContext, type Verdict } from './type.ts'

/** What a policy writes, or what a template or secret became. */
const content = z
  .custom<string | Uint8Array>((value) => typeof value === 'string' || value instanceof Uint8Array, 'must be a text')
  .meta({ type: 'string' })

const schema = z
  .object({
    path: hostPath.describe('where it is on the host, as in /etc/motd'),
    content: content.optional().describe('the content itself'),
    template: z.string().optional().describe('a Liquid template of the policy folder that gives the content'),
    source: z
      .string()
      .optional()
      .describe('a file of the policy folder with the content; with directory: true a folder'),
    directory: z.boolean().optional().describe('a folder; with source it gets everything in that folder'),
    purge: z.boolean().optional().describe('with directory and source: remove what the source does not have'),
    link: z
      .string()
      .min(1)
      .max(4095)
      .refine((target) => !/\p{Cc}/u.test(target), 'must not have control characters')
      .optional()
      .describe('a symbolic link that leads there'),
    absent: z.boolean().optional().describe('nothing may be at the path'),
    recursive: z.boolean().optional().describe('with absent: remove a folder with everything in it'),
    mode: octalMode
      .optional()
      .describe('permission bits in quotes; what is new has "0644", a folder or program "0755"'),
    directoryMode: octalMode
      .optional()
      .describe('with directory and source: the mode of the folders; mode is that of the files'),
    owner: accountName.optional().describe('the user it belongs to'),
    group: accountName.optional().describe('the group it belongs to'),
    validate: argv
      .refine(
        (words) => words.some((word) => word.includes('{file}')),
        'must name {file}, or it would check the old content',
      )
      .optional()
      .describe('a command that checks the new content before it is put in place: [visudo, -cf, "{file}"]'),
    ...EDITS,
    create: z.boolean().optional().describe('with line, block, json or ini: make the file if it is not there'),
    verify: argv
      .optional()
      .describe('a command that checks the files in place, once and before anybody is notified: [nginx, -t]'),
  })
  .superRefine((attrs, issue) => {
    for (const message of contradictions(attrs)) issue.addIssue({ code: 'custom', message, path: [] })
  })

type FileAttributes = z.output<typeof schema>
type Form = 'edit' | 'content' | 'source' | 'tree' | 'folder' | 'link' | 'absent' | 'attributes'

function contradictions(attrs: Readonly<Record<string, unknown>>): string[] {
  const has = (attr: string): boolean => attrs[attr] !== undefined && attrs[attr] !== false
  const problems: string[] = []
  const edits = EDIT_FORMS.filter(has)
  const forms = ['content', 'template', 'source', 'link', 'absent', 'directory', ...edits].filter(has)
  const together = forms.join(' and ')
  if (forms.length > 1 && together !== 'source and directory') problems.push(`${together} exclude each other`)
  const tree = has('source') && has('directory')
  for (const attr of ['purge', 'directoryMode']) {
    if (has(attr) && !tree) problems.push(`${attr} needs directory: true and source`)
  }
  if (has('recursive') && !has('absent')) problems.push('recursive needs absent: true')
  if (has('create') && edits.length === 0) problems.push('create needs line, block, json or ini')
  if (has('verify') && (forms.length === 0 || has('absent')))
    problems.push('verify needs something that is put in place')
  if (has('validate') && (tree || ![...edits, 'content', 'template', 'source'].some(has)))
    problems.push('validate needs content, template, source or an edit')
  if (has('mode') && (has('link') || has('absent'))) problems.push(`mode means nothing with ${together}`)
  return problems
}

function formOf(attrs: FileAttributes): Form {
  if (attrs.absent === true) return 'absent'
  if (attrs.link !== undefined) return 'link'
  if (attrs.directory === true) return attrs.source === undefined ? 'folder' : 'tree'
  if (attrs.source !== undefined) return 'source'
  if (EDIT_FORMS.some((form) => attrs[form] !== undefined)) return 'edit'
  return attrs.content === undefined ? 'attributes' : 'content'
}

export const file = defineType({
  name: 'file',
  summary: 'A file, folder or link: its content, owner and mode, or its absence.',
  schema,
  runsCommands: (attrs) => attrs.validate !== undefined || attrs.verify !== undefined,
  light: ({ content: own, validate, verify }) => own !== undefined && (validate ?? verify) === undefined,
  claims({ attrs, name }) {
    const path = cleanPath(attrs.path)
    const edit = editOf(attrs, name)
    return edit === null ? [`path:${path}`] : editClaims(path, edit)
  },
  needs: ({ attrs }) => [
    ...foldersAbove(cleanPath(attrs.path)).map((path) => `path:${path}`),
    ...(attrs.owner === undefined ? [] : [`user:${attrs.owner}`]),
    ...(attrs.group === undefined ? [] : [`group:${attrs.group}`]),
    ...[attrs.validate?.[0], attrs.verify?.[0]].flatMap((program) =>
      program?.startsWith('/') === true ? [`path:${program}`] : [],
    ),
  ],
  watchPaths({ attrs }, filesOf) {
    const path = cleanPath(attrs.path)
    return formOf(attrs) === 'tree' ? treePaths(path, attrs.source ?? '', filesOf(attrs.source ?? '')) : [path]
  },
  check(context, { attrs, name }) {
    const steps = stepsFor(context, attrs, name)
    return andThen(steps, (list) => verdict(context, list, attrs.verify))
  },
  undo: (context) => undoFile(context),
  rewind: (context) => rewindFile(context),
})

type Steps = readonly (Step | null)[]

function stepsFor(context: TypeContext, attrs: FileAttributes, name: string): MaybePromise<Steps> {
  const path = cleanPath(attrs.path)
  const wishes: Wishes = { mode: attrs.mode, owner: attrs.owner, group: attrs.group, freshMode: 0o644 }
  switch (formOf(attrs)) {
    case 'absent':
      return [absentStep(context, path, attrs.recursive === true)]
    case 'link':
      return [linkStep(context, path, attrs.link ?? '', wishes)]
    case 'folder':
      return [folderStep(context, path, { ...wishes, freshMode: 0o755 })]
    case 'tree': {
      const { source = '', purge = false, directoryMode } = attrs
      return treeSteps(context, { path, source, purge, wishes, folderMode: directoryMode })
    }
    case 'edit': {
      const { create = false, validate } = attrs
      const edit = editOf(attrs, name)
      return edit === null ? [] : [editStep(context, { path, edit, identity: attrs, create, wishes, validate })]
    }
    case 'source':
      return withContent(context, attrs, path, bundleFile(context, attrs.source ?? ''), wishes)
    case 'content':
      return withContent(context, attrs, path, { bytes: bytesOf(attrs) }, wishes)
    default:
      if (attrs.template !== undefined)
        throw new PolicyError('E_INTERNAL', `the template ${attrs.template} was not rendered`)
      return andThen(attributesStep(context, path, wishes), (step) => [step])
  }
}

function withContent(
  context: TypeContext,
  attrs: FileAttributes,
  path: string,
  wanted: Wanted,
  wishes: Wishes,
): MaybePromise<Steps> {
  const executable = 'file' in wanted && wanted.file.executable
  const freshMode = context.sensitive ? 0o600 : executable ? 0o755 : 0o644
  const step = fileStep(context, { path, wanted, wishes: { ...wishes, freshMode }, validate: attrs.validate })
  return andThen(step, (one) => [one])
}

function bundleFile(context: TypeContext, source: string): Wanted {
  const found = context.content.file(context.policy, source)
  if (found === undefined) throw new PolicyError('E_CONTENT', `the bundle has no file '${source}'`)
  return { file: found }
}

const encoded = new WeakMap<FileAttributes, Uint8Array>()

/** The content in bytes: the same object for the same resource, so that it can be recognised. */
function bytesOf(attrs: FileAttributes): Uint8Array {
  if (attrs.content instanceof Uint8Array) return attrs.content
  const known = encoded.get(attrs)
  if (known !== undefined) return known
  const bytes = new TextEncoder().encode(attrs.content ?? '')
  encoded.set(attrs, bytes)
  return bytes
}

function verdict(context: TypeContext, list: Steps, verify: readonly string[] | undefined): Verdict {
  const steps = list.filter((step) => step !== null)
  const unverified = verify !== undefined && hasPending(context.remembered)
  if (steps.length === 0 && !unverified) return KEPT
  const diff = steps.map((step) => step.diff ?? '').join('')
  return {
    ok: false,
    changes: steps.length === 0 ? ['verification of an earlier change'] : steps.flatMap((step) => step.changes),
    ...(diff === '' ? {} : { diff }),
    apply() {
      const trace = new Trace(context.remembered)
      if (steps.length > 1)
        trace.intendAll(
          context,
          steps.flatMap((step) => step.makes ?? []),
        )
      if (verify === undefined) return runSteps(steps, trace, 0, () => context.remember(trace.asValue()))
      trace.unverified = true
      return verified(context, verify, trace, async () => runSteps(steps, trace, 0, () => undefined))
    },
  }
}

/** Puts everything in place, then asks; what did not pass is as if it had never been. */
async function verified(
  context: TypeContext,
  verify: readonly string[],
  trace: Trace,
  put: () => Promise<void>,
): Promise<void> {
  try {
    await put()
    if (trace.replaced.length > 0) await verifyTogether(context, verify, trace.replaced)
    context.remember(trace.asValue())
  } catch (error) {
    const refused = error instanceof PolicyError && error.code === 'E_VERIFY'
    context.remember(refused ? withoutPending(context.remembered) : trace.asValue(true))
    throw error
  }
}

/** In order, and without a promise as long as none is needed. What was done is noted also if a later step fails. */
function runSteps(steps: readonly Step[], trace: Trace, from: number, note: () => void): MaybePromise<void> {
  for (let i = from; i < steps.length; i++) {
    let running: MaybePromise<void> | undefined
    try {
      running = steps[i]?.run(trace)
    } catch (error) {
      note()
      throw error
    }
    if (!isPromise(running)) continue
    const rest = running.then(() => runSteps(steps, trace, i + 1, note))
    return rest.finally(note)
  }
  note()
}
