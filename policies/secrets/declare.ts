import { didYouMean } from '../expr/suggest.ts'
import { checkTexts, LAYER_ROOTS } from '../language/expressions.ts'
import { asEntries, asText, complain, complainKey, placeOf, type Work } from '../language/work.ts'
import { valueOf, type YamlEntry, type YamlNode } from '../language/yaml.ts'
import { LIMITS } from '../limits.ts'
import type { SecretSource } from '../model.ts'
import { sealedProblem } from './header.ts'

const KINDS = ['age', 'file', 'exec']
const FORM = 'Write {age: secrets/NAME.age}, {file: /path/on/the/node} or {exec: [command, argument]}.'

/** Reads `secrets`. Files encrypted with age become part of the bundle; one in clear is refused. */
export function readSecrets(work: Work, node: YamlNode | undefined, policy: string): Record<string, SecretSource> {
  const secrets: Record<string, SecretSource> = {}
  for (const entry of node === undefined ? [] : asEntries(work, node, 'secrets')) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(entry.key)) {
      complainKey(work, entry, 'E_VALUE', `'${entry.key}' cannot be the name of a secret`, 'Use letters, digits and _.')
      continue
    }
    const source = readSource(work, entry, policy)
    if (source !== undefined) secrets[entry.key] = source
  }
  return secrets
}

function readSource(work: Work, entry: YamlEntry, policy: string): SecretSource | undefined {
  const [part, ...others] = asEntries(work, entry.value, `the secret ${entry.key}`)
  if (part === undefined || others.length > 0) {
    if (entry.value.kind === 'map')
      complainKey(work, entry, 'E_VALUE', `the secret ${entry.key} must have one source: age, file or exec`, FORM)
    return undefined
  }
  // A secret must be to be had wherever the policy is read, so it hangs on certified names only, as data layers do.
  const right = checkTexts(work, part.value, { roots: LAYER_ROOTS, vars: new Set() })
  switch (part.key) {
    case 'age':
      return right ? readAge(work, entry.key, part.value, policy) : undefined
    case 'file':
      return right ? readFile(work, part.value) : undefined
    case 'exec':
      return right ? readExec(work, entry.key, part.value) : undefined
    default:
      return complainKey(
        work,
        part,
        'E_UNKNOWN_KEY',
        `a secret has no '${part.key}'.${didYouMean(part.key, KINDS)}`,
        FORM,
      )
  }
}

function readAge(work: Work, name: string, node: YamlNode, policy: string): SecretSource | undefined {
  const age = asText(work, node, 'age')
  if (age === undefined) return undefined
  const at = placeOf(work, node)
  const paths = work.folder.match(age, at, age.includes('${') ? 'may be absent' : 'file')
  work.folder.use(paths, at)
  for (const path of paths) {
    const file = work.folder.used.get(path)
    const start = file?.read(0, Math.min(file.size, LIMITS.secretHeaderBytes + 64))
    const problem = start === undefined || file?.link === 'outside' ? undefined : sealedProblem(start, { policy, name })
    if (file !== undefined && file.size > LIMITS.secretFileBytes) {
      const message = `${work.folder.shown(path)} has ${file.size} bytes, a secret may have ${LIMITS.secretFileBytes}`
      work.report.add('E_TOO_LARGE', at, message, 'Encrypt a key, and let the large content be a file that it opens.')
    }
    if (problem !== undefined) {
      const hint = `Write it with \`chorus secret set ${name}\`, which encrypts it for the nodes of this policy.`
      work.report.add('E_SECRET', at, `${work.folder.shown(path)} ${problem}`, hint)
    }
  }
  return { age }
}

function readFile(work: Work, node: YamlNode): SecretSource | undefined {
  const file = asText(work, node, 'file')
  if (file === undefined) return undefined
  if (file.startsWith('/') && !file.split('/').includes('..')) return { file }
  const hint = 'It is a file of the node itself; one of this folder is encrypted and given as {age: ...}.'
  return complain(work, node, 'E_PATH', `the file of a secret must be an absolute path without .., not '${file}'`, hint)
}

function readExec(work: Work, name: string, node: YamlNode): SecretSource | undefined {
  const exec = valueOf(node)
  if (Array.isArray(exec) && exec.length > 0 && exec.length <= LIMITS.argvWords && exec.every(isWord)) return { exec }
  const hint = 'As in [/usr/bin/pass, show, web]; it is not a shell.'
  return complain(
    work,
    node,
    'E_VALUE',
    `exec of the secret ${name} must be a list of texts: a command and its arguments`,
    hint,
  )
}

function isWord(word: unknown): word is string {
  return typeof word === 'string' && word !== '' && !word.includes('\0')
}
