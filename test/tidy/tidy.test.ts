import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter(Boolean)
const sources = files.filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
const product = sources.filter(
  (file) => /^(node|policies|cli-tui|topology-sim)\//.test(file) && !/\.test\.tsx?$/.test(file),
)
const read = (file: string): string => readFileSync(file, 'utf8')

/** Top folders that each folder may import from, beside itself. */
const arrows: Record<string, readonly string[]> = {
  policies: [],
  'node/core': ['policies'],
  node: ['node/core', 'policies'],
  'topology-sim': ['node/core', 'policies'],
  'cli-tui': ['node', 'node/core', 'policies', 'topology-sim'],
}

function roomOf(file: string): string {
  if (file.startsWith('node/core/')) return 'node/core'
  return file.split('/')[0] ?? ''
}

function importsOf(file: string): string[] {
  const found = read(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)
  return [...found].map((match) => match[1] ?? '').filter((path) => path !== '')
}

/** Resolves a relative import of `file` to a path from the top of the repository. */
function resolveFrom(file: string, path: string): string {
  return new URL(path, `file:///${file}`).pathname.slice(1)
}

describe('the house is tidy', () => {
  it('keeps every source file below 320 lines, so that each holds one idea', () => {
    const long = sources.map((file) => [read(file).split('\n').length, file] as const).filter(([lines]) => lines > 320)
    expect(long).toEqual([])
  })

  it('lets imports across folders go one way, and through the index', () => {
    const wrong: string[] = []
    for (const file of product) {
      const room = roomOf(file)
      for (const path of importsOf(file).filter((path) => path.startsWith('.'))) {
        const target = resolveFrom(file, path)
        const targetRoom = roomOf(target)
        if (targetRoom === room) continue
        const entrance = /^(node\/core|node\/control|node|policies|topology-sim)\/(index|testing\/[a-z-]+)\.ts$/.test(
          target,
        )
        if (!arrows[room]?.includes(targetRoom) || !entrance) wrong.push(`${file} -> ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('keeps clocks, randomness and I/O out of the engine and the policies', () => {
    const forbidden =
      /\bDate\.now|\bnew Date\(\)|\bMath\.random|\bsetTimeout\(|\bsetInterval\(|from '(node:|@libp2p\/|libp2p')/
    const pure = product.filter((file) => /^(node\/core|policies)\//.test(file))
    expect(pure.filter((file) => forbidden.test(read(file)))).toEqual([])
  })

  it('pins every dependency to an exact version', () => {
    const manifest: unknown = JSON.parse(read('package.json'))
    const groups = manifest as Record<string, Record<string, string> | undefined>
    const loose = ['dependencies', 'devDependencies', 'optionalDependencies'].flatMap((group) =>
      Object.entries(groups[group] ?? {}).filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)),
    )
    expect(loose).toEqual([])
  })

  it('names no path of the machine that it was written on', () => {
    const own = ['', 'work', ''].join('/')
    const naming = files.filter(
      (file) => !/\.(png|tgz|gz)$/.test(file) && file !== 'package-lock.json' && read(file).includes(own),
    )
    expect(naming).toEqual([])
  })
})
