import { readFileSync } from 'node:fs'

let known: string | undefined

/** The package's version, as in package.json: one folder up from the sources, two from the compiled ones. */
export function agentVersion(): string {
  known ??= versionAt('../package.json') ?? versionAt('../../package.json') ?? '0.0.0'
  return known
}

function versionAt(path: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
    if (typeof manifest !== 'object' || manifest === null) return undefined
    if (!('name' in manifest) || manifest.name !== 'chorus-mesh' || !('version' in manifest)) return undefined
    return typeof manifest.version === 'string' ? manifest.version : undefined
  } catch {
    return undefined
  }
}
