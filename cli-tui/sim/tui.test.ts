import { afterEach, describe, expect, it } from 'vitest'
import { Driver } from '../../topology-sim/index.ts'
import { setupOf } from './once.ts'
import { prepare } from './prepare.ts'
import { clockOf } from './sim-rows.ts'
import { SimSource } from './sim-source.ts'

const QUERY = { sort: 'state', descending: false, filter: '', problemsOnly: true, offset: 0, limit: 50 } as const
let source: SimSource | undefined
afterEach(() => source?.close())

/** The ready scenario at 30 nodes, as fast as it goes. */
async function opened(file = 'lan-100', nodes = 30): Promise<SimSource> {
  const request = { file, cwd: '.', seed: 1, nodes, fleet: null, policies: [], fail: null }
  const driver = new Driver(await setupOf(prepare(request, () => undefined)))
  source = new SimSource(driver)
  for (let step = 0; step < 6; step++) await source.act({ name: 'faster', arg: '' })
  return source
}

const turn = (): Promise<void> => new Promise((done) => setTimeout(done, 10))
async function until(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await turn()
}

describe('a simulation on the screens', () => {
  it('spreads its versions, says so, and goes on when all has settled', async () => {
    const mesh = await opened()
    const run = mesh.run()
    await until(async () => mesh.banner().includes('settled') && (await mesh.page(QUERY)).total === 0)
    const { nodes, heads, spread } = await mesh.summary()
    expect(nodes).toBe(30)
    expect(heads[0]).toMatchObject({ inForce: heads[0]?.of, forked: false })
    expect(spread[0]?.nodes).toBe(heads[0]?.of)
    expect((await mesh.events(0)).map(({ kind }) => kind)).toContain('publish')
    expect(await mesh.log(heads[0]?.policy ?? '')).toHaveLength(1)
    const before = mesh.clock()
    await until(async () => Promise.resolve(mesh.clock() > before))
    mesh.close()
    await run
  })

  it('takes faults: a crash is seen at once, and nobody is asked who is down', async () => {
    const mesh = await opened()
    const { rows } = await mesh.page({ ...QUERY, problemsOnly: false, sort: 'name' })
    const [one] = rows
    if (one === undefined) throw new Error('the scenario has nodes')
    expect(await mesh.act({ name: 'crash', arg: one.name })).toBe(`${one.name} has crashed`)
    expect((await mesh.page(QUERY)).rows.map(({ name, state }) => [name, state])).toEqual([[one.name, 'down']])
    await expect(mesh.receipt(one.id)).rejects.toThrow('It is down.')
    expect(await mesh.act({ name: 'restart', arg: one.name })).toBe(`${one.name} starts again`)
    expect((await mesh.page(QUERY)).rows).toEqual([])
    expect((await mesh.receipt(rows[1]?.id ?? '')).peers.length).toBeGreaterThan(0)
    expect(await mesh.act({ name: 'partition', arg: '' })).toContain('15 nodes')
    expect(await mesh.act({ name: 'heal', arg: '' })).toContain('reach everybody again')
    await expect(mesh.act({ name: 'crash', arg: 'nobody' })).rejects.toThrow('there is no node "nobody"')
    await expect(mesh.act({ name: 'publish', arg: '.' })).rejects.toThrow('a simulation has no publish')
  })

  it('shows who failed and who waits for a wave as their engines do', async () => {
    const mesh = await opened('canary', 200)
    const run = mesh.run()
    const rows = async () => (await mesh.page({ ...QUERY, problemsOnly: false })).rows
    await until(async () => (await rows()).some(({ state }) => state === 'failed'))
    const waiting = (await rows()).filter(({ state }) => state === 'waiting')
    expect(waiting.length).toBeGreaterThan(20)
    expect((await mesh.receipt(waiting[0]?.id ?? '')).policies[0]).toMatchObject({ state: 'waiting' })
    mesh.close()
    await run
  })

  it('stands still while it is paused', async () => {
    const mesh = await opened()
    await mesh.act({ name: 'pause', arg: '' })
    const run = mesh.run()
    for (let step = 0; step < 20; step++) await turn()
    expect(mesh.banner()).toBe('simulated 00:00:00.0 paused')
    mesh.close()
    await run
  })

  it('tells its time in hours, minutes and seconds', () => expect(clockOf(3_723_450)).toBe('01:02:03.4'))
})
