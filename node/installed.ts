import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Installed {
  /** With policies/examples, policies/library and topology-sim/scenarios in it. */
  readonly folder: string
  readonly version: string
}

let known: Installed | undefined

/** This installation: the nearest folder above that holds chorus-mesh's package.json, whether this runs from the sources, compiled or bundled. */
export function installed(): Installed {
  known ??= look(dirname(fileURLToPath(import.meta.url)))
  return known
}

export function agentVersion(): string {
  return installed().version
}

function look(from: string): Installed {
  for (let folder = from; ; folder = dirname(folder)) {
    const version = versionIn(folder)
    if (version !== undefined) return { folder, version }
    if (dirname(folder) === folder) return { folder: from, version: '0.0.0' }
  }
}

function versionIn(folder: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    if (typeof manifest !== 'object' || manifest === null) return undefined
    if (!('name' in manifest) || manifest.name !== 'chorus-mesh' || !('version' in manifest)) return undefined
    return typeof manifest.version === 'string' ? manifest.version : undefined
  } catch {
    return undefined
  }
}
