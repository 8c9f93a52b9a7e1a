import { scenarioJsonSchema } from '../../topology-sim/index.ts'
import type { Context } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'

/** `chorus sim schema`: the schema itself, with or without `--json`. */
export function run(context: Context): Promise<Exit> {
  context.io.stdout.write(`${JSON.stringify(scenarioJsonSchema(), undefined, 2)}\n`)
  return Promise.resolve(EXIT.done)
}
