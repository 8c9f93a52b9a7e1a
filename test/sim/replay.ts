import { parseArgs } from 'node:util'
import { describeEvents, faultScenario, runFaults, shrink } from '../../topology-sim/index.ts'
import { createStage } from './stage.ts'

/**
 * Plays fault runs from their seeds and tells what broke, with the shortest run that breaks the same promise.
 *
 *     node test/sim/replay.ts --seed 17
 *     node test/sim/replay.ts --seed 17 --only 3,8,12
 *     node test/sim/replay.ts --from 1 --to 1000
 *
 * `--only` plays these of the seed's events; `--trace` prints what the nodes said.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    step: { type: 'string', default: '1' },
    only: { type: 'string' },
    trace: { type: 'boolean', default: false },
    /** Do not look for a shorter run. */
    whole: { type: 'boolean', default: false },
    /** At the first that breaks. */
    stop: { type: 'boolean', default: false },
  },
})
const stage = createStage()
const from = Number(values.seed ?? values.from ?? 1)
const to = Number(values.seed ?? values.to ?? from)
let failures = 0
let runs = 0
for (let seed = from; seed <= to; seed += Number(values.step)) {
  runs += 1
  const whole = faultScenario(seed)
  const only = values.only?.split(',').map(Number)
  const scenario = only === undefined ? whole : { ...whole, events: whole.events.filter((_, at) => only.includes(at)) }
  const run = runFaults(stage, scenario)
  if (values.trace) {
    for (const { atMs, node, event } of run.ordeal.lab.trace)
      console.log(`${atMs} ${node} ${event.level} ${event.message}`)
  }
  if (run.broken === null) continue
  failures += 1
  console.log(`seed ${seed}: ${run.broken.message}\n  after ${run.broken.atMs} ms`)
  const short = values.whole ? scenario : shrink(stage, scenario, run.broken.rule)
  const numbers = short.events.map((event) => whole.events.indexOf(event))
  console.log(`  shortest: node test/sim/replay.ts --seed ${seed} --only ${numbers.join(',')}`)
  for (const line of describeEvents(short)) console.log(`    ${line}`)
  if (values.stop) break
}
console.log(`${runs} runs, ${failures} broken`)
process.exitCode = failures > 0 ? 1 : 0
