import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { fieldsOf, textsOf } from './remembered.ts'
import { editLines, lineEditStep, type LineEdit } from './shared-file.ts'
import { defineType, KEPT, type TypeContext, type Typed, type Verdict } from './type.ts'
import { andThen } from '../maybe.ts'

const HOSTS = '/etc/hosts'
const hostName = z
  .string()
  .max(253)
  .regex(/^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$/, 'must be the name of a host')

const schema = z
  .object({
    host: hostName.optional().describe('the name, if it is not that of the resource'),
    ip: z.union([z.ipv4(), z.ipv6()]).optional().describe('its address'),
    aliases: z.array(hostName).max(100).optional().describe('other names with the same address'),
    state: z.enum(['present', 'absent']).optional().describe('present if nothing is said'),
  })
  .refine(({ ip, state }) => ip !== undefined || state === 'absent', 'a host entry needs its ip')

type EntryResource = Typed<z.output<typeof schema>>

export const hostEntry = defineType({
  name: 'host_entry',
  summary: 'A name with its address in /etc/hosts; lines of others stay as they are.',
  schema,
  needsRoot: () => 'only root can write /etc/hosts',
  claims: (resource) => [`host_entry:${nameOf(resource)}`],
  needs: () => [`path:${HOSTS}`],
  watchPaths: () => [HOSTS],
  check(context, resource) {
    const name = nameOf(resource)
    if (!hostName.safeParse(name).success) throw new PolicyError('E_VALUE', `'${name}' cannot be the name of a host`)
    const { ip, aliases = [], state } = resource.attrs
    const names = [name, ...aliases]
    const before = textsOf(fieldsOf(context.remembered)['names'])
    const wanted = state === 'absent' ? null : (ip ?? null)
    return edited(
      context,
      withEntry([...new Set([...names, ...before])], wanted, names),
      state === 'absent' ? [] : names,
    )
  },
  undo(context) {
    const names = textsOf(fieldsOf(context.remembered)['names']).filter(
      (name) => !context.claimed(`host_entry:${name}`),
    )
    return names.length === 0 ? KEPT : edited(context, withEntry(names, null, []), [])
  },
})

const nameOf = ({ name, attrs }: EntryResource): string => attrs.host ?? name

function edited(context: TypeContext, edit: LineEdit, names: readonly string[]) {
  return andThen(lineEditStep(context, HOSTS, edit), (step): Verdict => {
    if (step === null) return KEPT
    return {
      ok: false,
      changes: step.changes,
      ...(step.diff === undefined ? {} : { diff: step.diff }),
      async apply() {
        await editLines(context, HOSTS, edit)
        context.remember(names.length === 0 ? null : { names: [...names] })
      },
    }
  })
}

/** Takes names out of every line, and puts the wanted line where the first of them stood, or at the end. */
export function withEntry(gone: readonly string[], ip: string | null, names: readonly string[]): LineEdit {
  return (lines) => {
    const result: string[] = []
    const wanted = ip === null ? null : `${ip}\t${names.join(' ')}`
    let placed = wanted === null
    for (const line of lines) {
      const [entry = '', ...comment] = line.split('#')
      const [address = '', ...found] = entry.trim().split(/\s+/)
      const left = found.filter((name) => !gone.includes(name))
      if (left.length === found.length) {
        result.push(line)
        continue
      }
      if (wanted !== null && !placed) result.push(wanted)
      placed = true
      if (left.length > 0)
        result.push(`${address}\t${left.join(' ')}${comment.length > 0 ? ` #${comment.join('#')}` : ''}`)
    }
    if (wanted !== null && !placed) result.push(wanted)
    return result.join('\n') === lines.join('\n') ? lines : result
  }
}
