import { z } from 'zod'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { bytesOrText, toolName } from './attributes.ts'
import type { Wanted } from './file-content.ts'
import { ownedVerdict, rewindOwned, undoOwned } from './owned.ts'
import { repositoryFiles, type RepositoryWish } from './repository-files.ts'
import { apt } from './package-apt.ts'
import { dnf } from './package-dnf.ts'
import type { PackageProvider } from './package-provider.ts'
import { PackageRunner } from './package-runner.ts'
import { defineType, type TypeContext, type Typed } from './type.ts'

const word = z
  .string()
  .max(LIMITS.hostPathChars)
  .regex(/^[^\s\p{C}]+$/u, 'must be one word')
const words = z.union([word, z.array(word).min(1).max(100)])

const schema = z
  .object({
    uri: z
      .union([
        word.regex(
          /^(https?|file|copy|ftp|mirror[a-z+]*):\/?\/?./,
          'must be a URI, as in https://deb.example.org/debian',
        ),
        z
          .array(word.regex(/^(https?|file|copy|ftp|mirror[a-z+]*):\/?\/?./, 'must be a URI'))
          .min(1)
          .max(100),
      ])
      .optional()
      .describe('where it is; several are the same in several places'),
    suite: words.optional().describe('apt: its suites, as in bookworm, or ./ for one without; left out for dnf'),
    components: words.optional().describe('apt: main and the like'),
    architectures: words.optional().describe('apt: only these architectures'),
    types: z
      .array(z.enum(['deb', 'deb-src']))
      .min(1)
      .optional()
      .describe('apt: what it has; [deb] if nothing is said'),
    key: bytesOrText.optional().describe('the public key that signs it: its content, armoured'),
    source: z.string().optional().describe('a file of the policy folder with that key'),
    unsigned: z.boolean().optional().describe('take packages without a signature: only where the way to them is safe'),
    enabled: z.boolean().optional().describe('false: it is known, and not used'),
    state: z.enum(['present', 'absent']).optional().describe('present if nothing is said'),
  })
  .superRefine(({ uri, key, source, unsigned, state }, issue) => {
    const problem = (message: string): void => issue.addIssue({ code: 'custom', message, path: [] })
    const keys = [key, source].filter((one) => one !== undefined).length
    if (state === 'absent') return
    if (uri === undefined) problem('a repository needs its uri')
    if (keys === 2) problem('key and source exclude each other')
    if (keys === 0 && unsigned !== true)
      problem('a repository needs the key that signs it: key or source (or unsigned: true)')
    if (keys > 0 && unsigned === true) problem('unsigned and a key exclude each other')
  })

type RepositoryResource = Typed<z.output<typeof schema>>

const PROVIDERS: readonly PackageProvider[] = [apt, dnf]

export const repository = defineType({
  name: 'repository',
  summary: 'A source of packages with the key that signs it.',
  schema,
  wholeHost: true,
  needsRoot: () => 'only root can change where packages come from',
  claims: ({ name }) => [
    `repository:${name}`,
    ...['sources', 'list'].map((ending) => `path:/etc/apt/sources.list.d/${name}.${ending}`),
    ...['asc', 'gpg'].map((ending) => `path:/etc/apt/keyrings/${name}.${ending}`),
    `path:/etc/yum.repos.d/${name}.repo`,
    `path:/etc/pki/rpm-gpg/${name}`,
  ],
  watchPaths: ({ name }) => [`/etc/apt/sources.list.d/${name}.sources`, `/etc/yum.repos.d/${name}.repo`],
  async check(context, resource) {
    const provider = providerOf(context)
    const name = named(resource.name)
    const wish = await wishOf(context, resource)
    const { files, test } = repositoryFiles(provider.name === 'apt' ? 'apt' : 'dnf', name, wish)
    return ownedVerdict(context, files, {
      run: async (changed) => {
        if (!changed || test === null) return
        // One at a time, as they write to the same folder.
        await context.gather('repository', test, async (tests) => {
          const results = []
          for (const argv of tests) results.push(await tested(context, provider, argv))
          return results
        })
      },
    })
  },
  undo: (context) => undoOwned(context),
  rewind: (context) => rewindOwned(context),
})

async function tested(context: TypeContext, provider: PackageProvider, argv: readonly string[]) {
  try {
    await new PackageRunner(provider, context, LIMITS.repositoryMs).once(argv)
    return {}
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function providerOf({ host }: TypeContext): PackageProvider {
  const found = PROVIDERS.find(({ sign }) => host.lstat(sign) !== null)
  if (found !== undefined) return found
  throw new PolicyError('E_UNSUPPORTED', 'repositories can be managed for apt and dnf, and this host has neither')
}

function named(name: string): string {
  if (toolName.safeParse(name).success && !/[:@~]/.test(name)) return name
  throw new PolicyError('E_VALUE', `'${name}' cannot be the name of a repository: letters, digits, _ . + and -`)
}

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value

async function wishOf(context: TypeContext, { attrs }: RepositoryResource): Promise<RepositoryWish> {
  const { uri, suite, components, architectures, types = ['deb'], unsigned = false, enabled = true } = attrs
  return {
    present: attrs.state !== 'absent',
    uris: listOf(uri),
    suites: listOf(suite),
    components: listOf(components),
    architectures: listOf(architectures),
    types,
    unsigned,
    enabled,
    ...(await keyOf(context, attrs)),
  }
}

async function keyOf(
  context: TypeContext,
  { key, source }: RepositoryResource['attrs'],
): Promise<{ readonly key: Wanted | null; readonly armoured: boolean }> {
  if (source !== undefined) {
    const file = context.content.file(context.policy, source)
    if (file === undefined) throw new PolicyError('E_CONTENT', `the bundle has no file '${source}'`)
    const [first] = file.chunks
    return { key: { file }, armoured: first !== undefined && isArmoured(await context.content.chunk(first)) }
  }
  if (key === undefined) return { key: null, armoured: true }
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  return { key: { bytes }, armoured: isArmoured(bytes) }
}

function isArmoured(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(0, 200)).includes('-----BEGIN PGP')
}
