import { z } from 'zod'
import { HostError, type Ownership, type Validator } from '../host.ts'
import {
  absolutePath,
  argv,
  directoryOf,
  formatMode,
  groupIdOf,
  octalMode,
  parentsOf,
  parseMode,
  userIdOf,
} from './attributes.ts'
import { checkContent, writeContent } from './file-content.ts'
import { applyTree, checkTree } from './file-tree.ts'
import { runCommand } from './command.ts'
import type { Check, Claim, ResourceContext, ResourceType, Typed } from './type.ts'
import { IN_ORDER } from './type.ts'

const schema = z.object({
  path: absolutePath.describe('where it is on the host: /etc/motd'),
  content: z
    .union([z.string(), z.instanceof(Uint8Array)])
    .optional()
    .describe('the content itself'),
  template: z.string().optional().describe('a Liquid template of the policy folder that gives the content'),
  source: z
    .string()
    .optional()
    .describe('a file of the policy folder that is the content; with directory: true a folder'),
  directory: z.boolean().optional().describe('a directory; with source it gets the files of that folder'),
  purge: z.boolean().optional().describe('of a directory with source: remove what the folder does not have'),
  link: z.string().min(1).max(4096).optional().describe('a symbolic link to this target'),
  absent: z.boolean().optional().describe('there must be nothing at the path'),
  force: z
    .boolean()
    .optional()
    .describe('replace something of another kind that is in the way; remove a directory with its content'),
  mode: octalMode.optional().describe('permission bits in quotes: "0644"; a new file gets 0644, a new directory 0755'),
  owner: z.string().min(1).optional().describe("user name; a new file belongs to the daemon's user"),
  group: z.string().min(1).optional().describe('group name'),
  validate: argv
    .optional()
    .describe('a command that checks the new content before it is put in place: [visudo, -cf, "{file}"]'),
})

export type FileAttributes = z.infer<typeof schema>

/** Which of the exclusive forms a file resource has; `present` manages owner and mode, and makes an empty file if there is none. */
type Form = 'content' | 'source' | 'tree' | 'directory' | 'link' | 'absent' | 'present'

function formOf(attrs: FileAttributes): Form {
  if (attrs.absent === true) return 'absent'
  if (attrs.link !== undefined) return 'link'
  if (attrs.directory === true) return attrs.source === undefined ? 'directory' : 'tree'
  if (attrs.source !== undefined) return 'source'
  return attrs.content === undefined && attrs.template === undefined ? 'present' : 'content'
}

function validate(attrs: FileAttributes): string | null {
  const forms = (['content', 'template', 'link'] as const).filter((name) => attrs[name] !== undefined) as string[]
  if (attrs.absent === true) forms.push('absent')
  if (attrs.directory === true) forms.push('directory')
  else if (attrs.source !== undefined) forms.push('source')
  if (forms.length > 1) return `has ${forms.join(' and ')}, of which it may have one`
  if (attrs.purge === true && !(attrs.directory === true && attrs.source !== undefined))
    return 'has purge, which needs directory: true and source'
  if (attrs.validate !== undefined && !attrs.validate.some((word) => word.includes('{file}')))
    return 'has validate without {file}, so it would check the old file'
  return null
}

async function check({ resource, attrs }: Typed<FileAttributes>, context: ResourceContext): Promise<Check> {
  const { host } = context
  const form = formOf(attrs)
  const stat = host.lstat(attrs.path)
  if (form === 'absent')
    return stat === null ? IN_ORDER : { ok: false, changes: [`${stat.kind} is there, to be removed`] }
  if (form === 'link') {
    const target = stat?.kind === 'link' ? host.readLink(attrs.path) : null
    return target === attrs.link
      ? IN_ORDER
      : { ok: false, changes: [`link ${target ?? (stat ? `(${stat.kind})` : '(missing)')} -> ${attrs.link}`] }
  }
  const wantsDirectory = form === 'directory' || form === 'tree'
  const kind = wantsDirectory ? 'directory' : 'file'
  const changes: string[] = []
  let diff: string | undefined
  if (stat !== null && stat.kind !== kind) {
    if (attrs.force !== true)
      throw new HostError(
        'E_WRONG_KIND',
        `${attrs.path} is a ${stat.kind}, not a ${kind}; remove it or set force: true`,
      )
    changes.push(`${stat.kind} in the way of a ${kind}`)
  } else if (stat === null) changes.push(`${kind} is missing`)
  const present = stat?.kind === kind ? stat : null
  if (form === 'content' || form === 'source') {
    const found = await checkContent(attrs, resource.sensitive, present, context)
    if (found !== null) {
      if (present !== null) changes.push(found.change)
      diff = found.diff
    }
  }
  if (form === 'tree' && attrs.source !== undefined)
    changes.push(...(await checkTree(attrs.path, attrs.source, attrs.purge === true, present !== null, context)))
  if (present !== null) changes.push(...ownershipChanges(attrs, present, context))
  if (changes.length === 0) return IN_ORDER
  return diff === undefined ? { ok: false, changes } : { ok: false, changes, diff }
}

function ownershipChanges(attrs: FileAttributes, stat: Ownership, { host }: ResourceContext): string[] {
  const changes: string[] = []
  if (attrs.mode !== undefined && stat.mode !== parseMode(attrs.mode))
    changes.push(`mode ${formatMode(stat.mode)} -> ${formatMode(parseMode(attrs.mode))}`)
  if (attrs.owner !== undefined && host.userId(attrs.owner) !== stat.uid)
    changes.push(`owner ${host.userName(stat.uid)} -> ${attrs.owner}`)
  if (attrs.group !== undefined && host.groupId(attrs.group) !== stat.gid)
    changes.push(`group ${host.groupName(stat.gid)} -> ${attrs.group}`)
  return changes
}

async function apply(typed: Typed<FileAttributes>, context: ResourceContext): Promise<void> {
  const { attrs } = typed
  const { host } = context
  const form = formOf(attrs)
  const stat = host.lstat(attrs.path)
  if (form === 'absent') return remove(attrs.path, attrs.force === true, context)
  if (form === 'link') {
    if (stat?.kind === 'directory') remove(attrs.path, attrs.force === true, context)
    else if (stat?.kind === 'file') host.backup(attrs.path)
    return host.makeLink(attrs.path, attrs.link ?? '')
  }
  const directory = form === 'directory' || form === 'tree'
  const kind = directory ? 'directory' : 'file'
  if (stat !== null && stat.kind !== kind) remove(attrs.path, true, context)
  const present = stat?.kind === kind ? stat : null
  const how = ownershipOf(attrs, present, directory, context)
  if (directory && present === null) host.makeDirectory(attrs.path, how)
  if (form === 'tree' && attrs.source !== undefined)
    await applyTree(attrs.path, attrs.source, attrs.purge === true, how, context)
  if (!directory) {
    const differs =
      present === null || (form !== 'present' && (await checkContent(attrs, true, present, context)) !== null)
    if (differs) {
      if (present !== null) host.backup(attrs.path)
      await writeContent(attrs, how, validatorOf(attrs, context), context)
      return
    }
  }
  if (present !== null && (present.uid !== how.uid || present.gid !== how.gid))
    host.setOwner(attrs.path, how.uid, how.gid)
  // A change of owner clears set-uid bits, so the mode comes after it.
  if (present !== null && present.mode !== how.mode) host.setMode(attrs.path, how.mode)
}

function ownershipOf(
  attrs: FileAttributes,
  present: Ownership | null,
  directory: boolean,
  context: ResourceContext,
): Ownership {
  const { host, files } = context
  const executable = attrs.source !== undefined && files.file(attrs.source)?.executable === true
  const fresh = directory || executable ? 0o755 : 0o644
  return {
    mode: attrs.mode === undefined ? (present?.mode ?? fresh) : parseMode(attrs.mode),
    uid: attrs.owner === undefined ? (present?.uid ?? host.uid) : userIdOf(host, attrs.owner),
    gid: attrs.group === undefined ? (present?.gid ?? host.gid) : groupIdOf(host, attrs.group),
  }
}

function validatorOf(attrs: FileAttributes, context: ResourceContext): Validator | null {
  const words = attrs.validate
  if (words === undefined) return null
  return async (temporary) => {
    const result = await runCommand(context.host, { argv: words.map((word) => word.replaceAll('{file}', temporary)) })
    if (result.status !== 0)
      throw new HostError('E_VALIDATE', `${words[0] ?? ''} refused the new content of ${attrs.path}: ${result.said}`)
  }
}

/** Removes whatever is at the path; a directory with content only with `force`. Files are backed up first. */
function remove(path: string, force: boolean, context: ResourceContext): void {
  const { host } = context
  const stat = host.lstat(path)
  if (stat === null) return
  if (stat.kind !== 'directory') {
    if (stat.kind === 'file') host.backup(path)
    return host.removeFile(path)
  }
  const names = host.list(path)
  if (names.length > 0 && !force)
    throw new HostError(
      'E_NOT_EMPTY',
      `${path} is a directory with ${names.length} entries; set force: true to remove it with its content`,
    )
  for (const name of names) remove(`${path}/${name}`, true, context)
  host.removeDirectory(path)
}

export const file: ResourceType<FileAttributes> = {
  schema,
  title: 'A file, directory or link with its content, owner and mode.',
  onRemove: 'leave',
  drifts: true,
  validate,
  claims: (attrs) => [`path:${attrs.path}`],
  wants: (attrs) => wants(attrs),
  paths: (attrs) => [attrs.path],
  check,
  apply,
  undo(claim, host) {
    const path = claim.slice('path:'.length)
    const stat = host.lstat(path)
    if (stat === null) return
    if (stat.kind !== 'directory') {
      if (stat.kind === 'file') host.backup(path)
      host.removeFile(path)
    } else if (host.list(path).length === 0) host.removeDirectory(path)
  },
  watch: (attrs) => [formOf(attrs) === 'absent' ? directoryOf(attrs.path) : attrs.path],
}

function wants(attrs: FileAttributes): Claim[] {
  const found = parentsOf(attrs.path).map((parent) => `path:${parent}`)
  if (attrs.owner !== undefined) found.push(`user:${attrs.owner}`)
  if (attrs.group !== undefined) found.push(`group:${attrs.group}`)
  return found
}
