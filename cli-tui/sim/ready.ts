import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Scenarios that come with chorus, beside the sources or one folder up from the compiled ones. */
function readyDir(): string {
  const found = ['../../topology-sim/scenarios', '../../../topology-sim/scenarios']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path))
  if (found === undefined) throw new Error('the scenarios that come with chorus are missing')
  return found
}

export interface Ready {
  readonly name: string
  readonly path: string
  /** Its first line. */
  readonly title: string
}

/** By name. Only their titles are read, so that a list is quick. */
export function readyScenarios(): Ready[] {
  const dir = readyDir()
  return readdirSync(dir)
    .filter((file) => file.endsWith('.yaml'))
    .sort()
    .map((file) => {
      const path = join(dir, file)
      const title = /^scenario: *(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
      return { name: basename(file, '.yaml'), path, title: title.replace(/^"(.*)"$/, '$1') }
    })
}
