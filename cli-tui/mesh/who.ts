import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Key } from '../../node/core/index.ts'
import { isKey, keyOfPeerId } from '../../node/core/index.ts'
import type { NodeRow } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import { CliError } from '../errors.ts'
import { didYouMean } from '../input/suggest.ts'
import { publicKeyIn } from '../keys/keyfile.ts'
import { listed } from '../out/text.ts'
import { findNode } from './names.ts'

export interface Who {
  readonly key: Key
  /** A node's name, a line's name, or the start of the key. */
  readonly name: string
  readonly isNode: boolean
}

/** Names of lines in the charter, such as grants, that may stand for their keys. */
export interface NamedKey {
  readonly key: Key
  readonly name: string
}

/** A node (name, id, prefix), a line's name, a public key, a peer id, or a key file. @throws CliError E_NOT_FOUND, E_AMBIGUOUS */
export function whoIs(context: Context, text: string, nodes: readonly NodeRow[], lines: readonly NamedKey[] = []): Who {
  const named = [...new Map(lines.filter((line) => line.name === text).map((line) => [line.key, line])).values()]
  const node = findNode(nodes, text)
  if (named.length > 1)
    throw new CliError('E_AMBIGUOUS', `${named.length} keys are called "${text}" in the charter: give the key itself`)
  const [line] = named
  if (node !== undefined && (line === undefined || line.key === node.key))
    return { key: node.key, name: node.name, isNode: true }
  if (line !== undefined) return { key: line.key, name: line.name, isNode: false }
  const key = keyFrom(text) ?? keyInFile(resolve(context.io.cwd, text))
  if (key === undefined) {
    const names = [...nodes.map((row) => row.name), ...lines.map((row) => row.name)]
    throw new CliError(
      'E_NOT_FOUND',
      `"${text}" is no node, key or key file${didYouMean(text, names)}`,
      names.length === 0 ? undefined : `Known: ${listed([...new Set(names)])}.`,
    )
  }
  const member = nodes.find((row) => row.key === key)
  return {
    key,
    name: member?.name ?? lines.find((row) => row.key === key)?.name ?? key.slice(0, 8),
    isNode: member !== undefined,
  }
}

function keyFrom(text: string): Key | undefined {
  if (isKey(text)) return text
  if (!text.startsWith('12D3KooW')) return undefined
  try {
    return keyOfPeerId(text)
  } catch {
    return undefined
  }
}

/** A private key file, or a file that holds the public key as hex. */
function keyInFile(path: string): Key | undefined {
  if (!existsSync(path) || !statSync(path).isFile()) return undefined
  const key = publicKeyIn(path)
  if (key !== undefined) return key
  const text = statSync(path).size < 1024 ? readFileSync(path, 'utf8').trim() : ''
  if (isKey(text)) return text
  throw new CliError('E_KEY_FILE', `${path} is no key file`, 'Make one with "chorus keygen FILE".')
}
