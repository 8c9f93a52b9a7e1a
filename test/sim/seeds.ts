import { describe, expect, it } from 'vitest'
import { describeEvents, faultScenario, runFaults, shrink } from '../../topology-sim/index.ts'
import { createStage } from './stage.ts'

/** Seeds of one file, so that two workers share the thousand. */
export function playSeeds(from: number, to: number): void {
  const stage = createStage()
  describe(`random faults, seeds ${from} to ${to}`, () => {
    for (let first = from; first <= to; first += BLOCK) {
      const last = Math.min(to, first + BLOCK - 1)
      it(`${first} to ${last}: every promise is kept`, () => {
        for (let seed = first; seed <= last; seed++) {
          const scenario = faultScenario(seed)
          const { broken } = runFaults(stage, scenario)
          if (broken === null) continue
          const short = shrink(stage, scenario, broken.rule)
          const numbers = short.events.map((event) => scenario.events.indexOf(event)).join(',')
          expect.fail(
            [
              `seed ${seed} broke a promise after ${broken.atMs} ms: ${broken.message}`,
              `shortest run: node test/sim/replay.ts --seed ${seed} --only ${numbers}`,
              ...describeEvents(short),
            ].join('\n'),
          )
        }
      })
    }
  })
}

/** One test tells of so many seeds: few enough to see where it stands. */
const BLOCK = 50
