import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../limits.ts'
import { inForce, resource, Runs, states } from '../testing/converge.ts'
import { MemoryHost } from '../testing/memory-host.ts'
import { Session } from './session.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const time = { ms: 1_800_000_000_000 }

class CountingHost extends MemoryHost {
  reads = 0
  readonly cleaned: string[] = []

  override readFile(path: string, maxBytes: number): Uint8Array {
    this.reads++
    return super.readFile(path, maxBytes)
  }

  override cleanTemporary(path = ''): number {
    this.cleaned.push(path)
    return 0
  }
}

function setup() {
  const host = new CountingHost({ sha256, now: () => time.ms })
  const session = new Session()
  const runs = new Runs(host, { session })
  const files = ['/etc/a', '/etc/b', '/srv/c'].map((path) =>
    resource('p', `file/${path.slice(5)}`, { path, content: path }),
  )
  return { host, runs, policies: [inForce('p', files)] }
}

describe('a session', () => {
  it('reads a file again only if its inode says that it changed, or if it is told to', async () => {
    const { host, runs, policies } = setup()
    const reads = async (rest = {}): Promise<number> => {
      const before = host.reads
      await runs.run(policies, rest)
      return host.reads - before
    }
    await runs.run(policies)
    // Written a moment ago: it could change again within the same tick of the clock.
    expect([await reads(), await reads()]).toEqual([3, 3])
    time.ms += LIMITS.seenAgeMs
    expect([await reads(), await reads(), await reads({ deep: true })]).toEqual([3, 0, 3])
    host.chmod('/etc/a', 0o600)
    time.ms += LIMITS.seenAgeMs
    expect([await reads(), await reads()]).toEqual([1, 0])
    expect(await reads({ session: new Session() })).toBe(3)
  })

  it('sees drift at once, and news that have the same size', async () => {
    const { host, runs, policies } = setup()
    await runs.run(policies)
    time.ms += 1000
    await runs.run(policies)
    host.tree.put('/etc/a', {
      kind: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      bytes: new TextEncoder().encode('/etc/x'),
      target: '',
    })
    expect(states((await runs.run(policies)).outcomes)).toEqual(['file/a repaired', 'file/b kept', 'file/c kept'])
    const news = [inForce('p', [resource('p', 'file/b', { path: '/etc/b', content: '/ETC/B' })])]
    expect(states((await runs.run(news)).outcomes)).toContain('file/b changed')
  })

  it('cleans the folders of what it manages once, and never in a plan', async () => {
    const { host, runs, policies } = setup()
    await runs.plan(policies)
    expect(host.cleaned).toEqual([])
    await runs.run(policies)
    await runs.run(policies)
    expect(host.cleaned).toEqual(['/etc', '/srv'])
  })

  it('cleans also where something is written that nobody watches', async () => {
    const { host, runs } = setup()
    await runs.run([inForce('p', [resource('p', 'repository/app', { state: 'absent' })])])
    expect(host.cleaned).toContain('/etc/apt/keyrings')
  })
})
