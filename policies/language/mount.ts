import type { CompiledResource, Value } from '../model.ts'
import { REFERENCE_ATTRIBUTES } from './common.ts'
import { KnownKeys, type WrittenReference } from './references.ts'
import type { ReadResources } from './resources.ts'
import type { SourceFile } from './source.ts'
import { sourceAttributes, takesTemplate, typeNamed, type TypeTable } from './types.ts'
import type { Work } from './work.ts'

/** The resources of one instance of a component under the keys and file names that they have in the policy. */
export interface Mounted extends ReadResources {
  readonly files: ReadonlyMap<string, SourceFile>
}

/** What the keys of an instance start with; one that is repeated has the key of the item behind its name. */
export function instancePrefix(around: string, name: string, id: string, repeats: boolean): string {
  return `${around === '' ? '' : `${around}-`}${name}${repeats ? `-\${instance["${id}"].key}` : ''}`
}

/** The key of a resource of an instance: `file/conf` of `blog` is `file/blog-conf`. */
function instanceKey(key: string, prefix: string): string {
  const name = key.indexOf('/') + 1
  return `${key.slice(0, name)}${prefix}-${key.slice(name)}`
}

/** Where the files of an instance are in the bundle. No folder of a policy is meant by it: names there start otherwise. */
export function instanceFolder(instance: string): string {
  return `+${instance}/`
}

/**
 * Gives the resources of a component the names of one instance: their keys, what they refer to (a resource of the
 * component if it has one by that key, else one of the policy), their templates and sources.
 */
export function mounted(work: Work, read: ReadResources, instance: string, prefix: string): Mounted {
  const own = new KnownKeys(read.keys)
  const folder = instanceFolder(instance)
  const target = (text: string): string => (own.has(text) ? instanceKey(text, prefix) : text)
  return {
    resources: read.resources.map((resource) => mountResource(work.types, resource, { instance, prefix }, target)),
    keys: read.keys.map((key) => instanceKey(key, prefix)),
    references: read.references.map((reference): WrittenReference => ({
      ...reference,
      from: instanceKey(reference.from, prefix),
      target: target(reference.target),
    })),
    templates: Object.fromEntries(Object.entries(read.templates).map(([file, text]) => [folder + file, text])),
    files: new Map([...work.folder.used].map(([path, file]) => [folder + path, moved(file, folder + path)])),
  }
}

function mountResource(
  types: TypeTable,
  resource: CompiledResource,
  { instance, prefix }: { readonly instance: string; readonly prefix: string },
  target: (text: string) => string,
): CompiledResource {
  const attrs: Record<string, Value> = { ...resource.attrs }
  for (const attr of REFERENCE_ATTRIBUTES) {
    const written = attrs[attr]
    if (typeof written === 'string') attrs[attr] = target(written)
    else if (Array.isArray(written))
      attrs[attr] = written.map((item: Value) => (typeof item === 'string' ? target(item) : item))
  }
  const type = typeNamed(types, resource.type)
  const fileAttributes =
    type === undefined ? [] : [...sourceAttributes(type), ...(takesTemplate(type) ? ['template'] : [])]
  for (const attr of fileAttributes) {
    const written = attrs[attr]
    if (typeof written === 'string') attrs[attr] = instanceFolder(instance) + written
  }
  return { ...resource, key: instanceKey(resource.key, prefix), attrs, instance }
}

function moved(file: SourceFile, path: string): SourceFile {
  return {
    path,
    size: file.size,
    executable: file.executable,
    ...(file.link === undefined ? {} : { link: file.link }),
    read: (offset, length) => file.read(offset, length),
  }
}
