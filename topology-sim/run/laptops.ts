import { Random } from '../kernel/random.ts'
import type { Scenario } from '../scenario/types.ts'
import type { World } from '../world/types.ts'
import type { ScenarioFleet } from './fleet.ts'

const DAY_MS = 86_400_000

/** When laptops are on: by the clock, each with its own habits, or at random. */
export function scheduleLaptops(world: World, fleet: ScenarioFleet, scenario: Scenario): void {
  const random = new Random(scenario.seed, 'laptops')
  for (const name of fleet.groups) {
    const laptops = fleet.group(name)?.laptops
    if (laptops === undefined) continue
    const [from, to] = fleet.rangeOf(name)
    for (let node = from; node < to; node++) {
      if (laptops.on !== undefined && laptops.off !== undefined) atRandom(world, node, laptops.on, laptops.off, random)
      else if (laptops.from !== undefined && laptops.to !== undefined) {
        const open = laptops.from + random.normal(0, laptops.spread)
        const close = Math.max(open + laptops.spread / 2, laptops.to + random.normal(0, laptops.spread))
        daily(world, node, open - scenario.starts, close - scenario.starts, scenario.run)
      }
    }
  }
}

/** On and off for exponential times; at the start it is on with the share of time that it is on. */
function atRandom(world: World, node: number, onMs: number, offMs: number, random: Random): void {
  const turn = (on: boolean, atMs: number): void =>
    world.at(atMs, () => {
      if (on) world.wake(node)
      else world.sleep(node)
      turn(!on, world.nowMs + random.exponential(on ? onMs : offMs))
    })
  const on = random.chance(onMs / (onMs + offMs))
  if (!on) world.sleep(node)
  turn(!on, random.exponential(on ? onMs : offMs))
}

/** @param openMs after the start of the run; the day before may reach into it */
function daily(world: World, node: number, openMs: number, closeMs: number, endMs: number): void {
  let on = false
  for (let day = -1; openMs + day * DAY_MS < endMs; day++) {
    const open = openMs + day * DAY_MS
    const close = closeMs + day * DAY_MS
    if (open <= 0 && close > 0) on = true
    if (open > 0) world.at(open, () => world.wake(node))
    if (close > 0) world.at(close, () => world.sleep(node))
  }
  if (!on) world.sleep(node)
}
