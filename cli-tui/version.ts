import { readFileSync } from 'node:fs'

let known: string | undefined

/** The package's version, as in package.json: beside the sources, or one folder up from the compiled ones. */
export function agentVersion(): string {
  known ??= read('../package.json') ?? read('../../package.json') ?? '0.0.0'
  return known
}

function read(path: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))
    if (typeof manifest !== 'object' || manifest === null || !('name' in manifest) || manifest.name !== 'chorus-mesh')
      return undefined
    return 'version' in manifest && typeof manifest.version === 'string' ? manifest.version : undefined
  } catch {
    return undefined
  }
}
