import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { installed } from '../../node/control/index.ts'

/** Scenarios that come with chorus. */
function readyDir(): string {
  return join(installed().folder, 'topology-sim/scenarios')
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
