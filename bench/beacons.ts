import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { hasher } from '../node/crypto.ts'
import { compileForFleet, makeWorld } from '../topology-sim/index.ts'
import { percentile } from './lib/figures.ts'
import { report } from './lib/results.ts'

/**
 * What it costs that everybody hears everybody, and what it is worth: bytes a node and minute, the time until others know of a death, and
 * how often a living node is called dead although every twentieth packet is lost. Real engines in virtual time over the gossip model.
 *
 *     npm run bench:beacons                    all sizes, each in a process of its own: five minutes, most of them for 2,000 nodes
 *     npm run bench:beacons -- --sizes 100,1000
 *     node bench/beacons.ts --of 100           one size, printed only
 */
const { values } = parseArgs({ options: { of: { type: 'string' }, sizes: { type: 'string' } } })

const SIZES = [
  { nodes: 100, minutes: 10 },
  { nodes: 300, minutes: 5 },
  { nodes: 1000, minutes: 3 },
  { nodes: 2000, minutes: 1 },
] as const
const LOSS = 0.05
const WARM_MS = 90_000
/** Nodes that are asked what they see, spread over the fleet. */
const OBSERVERS = 20
/** How often they are asked. */
const LOOK_MS = 15_000
/** A death that nobody has seen by then is not seen. */
const DEATH_MS = 240_000
/** The next beacon after a start is heard by then. */
const BACK_MS = 120_000
/** How often they are asked then: asking costs. */
const GLANCE_MS = 250
const DEATHS = 5

interface Figures {
  readonly nodes: number
  readonly loss: number
  readonly minutes: number
  readonly bytesPerNodeMinute: number
  readonly of: Readonly<Record<string, number>>
  readonly looks: number
  readonly falseAlarms: number
  readonly deathMs: Times
  /** The same nodes, started again. */
  readonly backMs: Times
  readonly tookMs: number
}

interface Times {
  readonly seen: number
  /** Pairs of one who looks and one who died. */
  readonly of: number
  readonly p50: number
  readonly max: number
}

async function one(nodes: number, minutes: number): Promise<Figures> {
  const started = performance.now()
  const labels = { role: 'web' }
  const fleet = { size: nodes, at: (node: number) => ({ name: `n${node}`, labels, facts: {}, region: 0 }) }
  const options = { seed: 1, fleet, signatures: 'model', links: { loss: LOSS }, invariants: false } as const
  const world = makeWorld({ ...options, beacons: 'on' })
  // A world begins at rest, before any engine has a reason to wake: a version wakes them all, and gives beacons something to say.
  const policy = { select: 'true', resources: {}, set: {} }
  const { bundle } = compileForFleet('web/site', policy, undefined, (bytes) => hasher.sha256(bytes))
  if (bundle === undefined) throw new Error('the policy does not compile')
  world.publish(0, bundle)
  const observers = Array.from({ length: OBSERVERS }, (_, index) => Math.floor((index * nodes) / OBSERVERS))
  const dead = new Set<string>()
  let [looks, falseAlarms] = [0, 0]

  function look(): void {
    for (const node of observers) {
      for (const { key, state } of world.engine(node)?.view.nodes() ?? []) {
        looks++
        if (state === 'down' && !dead.has(key)) falseAlarms++
      }
    }
  }

  await world.run(WARM_MS)
  const before = { ...world.network.counters.bytesBy }
  for (let at = WARM_MS; at < WARM_MS + minutes * 60_000;) {
    at += LOOK_MS
    await world.run(at)
    look()
  }
  const spent = Object.entries(world.network.counters.bytesBy).map(([kind, bytes]) => {
    const more = bytes - (Reflect.get(before, kind) ?? 0)
    return [kind, Math.round(more / nodes / minutes)] as const
  })

  const victims = Array.from({ length: DEATHS }, (_, index) => observers[index * 3] ?? 0).map((node) => node + 1)
  const diedAt = world.nowMs
  for (const victim of victims) {
    dead.add(world.keyOf(victim))
    world.crash(victim)
  }
  const witnesses = observers.filter((node) => !victims.includes(node))
  const pairs = witnesses.length * victims.length
  /** Until all of them see it so of all victims. */
  async function watch(sinceMs: number, forMs: number, isDown: boolean): Promise<number[]> {
    const at = new Map<string, number>()
    let askedMs = Number.NEGATIVE_INFINITY
    await world.run({
      untilMs: sinceMs + forMs,
      when() {
        if (world.nowMs - askedMs < GLANCE_MS) return false
        askedMs = world.nowMs
        for (const node of witnesses) {
          for (const { key, state } of world.engine(node)?.view.nodes() ?? []) {
            const pair = `${node} ${key}`
            if (dead.has(key) && (state === 'down') === isDown && !at.has(pair)) at.set(pair, world.nowMs - sinceMs)
          }
        }
        return at.size >= pairs
      },
    })
    return [...at.values()]
  }
  const gone = await watch(diedAt, DEATH_MS, true)
  const backAt = world.nowMs
  for (const victim of victims) world.restart(victim)
  const back = await watch(backAt, BACK_MS, false)
  const timesOf = (took: readonly number[]) => ({
    seen: took.length,
    of: pairs,
    p50: Math.round(percentile(took, 0.5)),
    max: Math.round(percentile(took, 1)),
  })
  return {
    nodes,
    loss: LOSS,
    minutes,
    bytesPerNodeMinute: spent.reduce((sum, [, bytes]) => sum + bytes, 0),
    of: Object.fromEntries(spent),
    looks,
    falseAlarms,
    deathMs: timesOf(gone),
    backMs: timesOf(back),
    tookMs: Math.round(performance.now() - started),
  }
}

if (values.of !== undefined) {
  const size = SIZES.find(({ nodes }) => String(nodes) === values.of)
  if (size === undefined) throw new Error(`--of wants one of ${SIZES.map(({ nodes }) => nodes).join(', ')}`)
  console.log(JSON.stringify(await one(size.nodes, size.minutes)))
} else {
  const wanted = values.sizes?.split(',') ?? SIZES.map(({ nodes }) => String(nodes))
  const runs = wanted.map((nodes): readonly [string, Figures] => {
    const flags = ['--max-old-space-size=12000', '--max-semi-space-size=64']
    const { stdout, stderr, status } = spawnSync(process.execPath, [...flags, import.meta.filename, '--of', nodes], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`${nodes} nodes: ${stderr}`)
    const figures: unknown = JSON.parse(stdout)
    return [`n${nodes}`, figures as Figures]
  })
  report('beacons', { beaconsEachMs: 60_000, ...Object.fromEntries(runs) })
}
