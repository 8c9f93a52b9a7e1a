import { ControlError } from './errors.ts'
import { CONTROL_LIMITS } from './limits.ts'
import type { ControlEvent } from './schema.ts'

/** One event a line; a line that starts with a colon is a heartbeat. */
export const HEARTBEAT = ': \n'

/** @throws ControlError E_ANSWER for a line that is no event, or too long for one */
export async function* readEvents(source: AsyncIterable<Uint8Array>): AsyncGenerator<ControlEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const part of source) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > CONTROL_LIMITS.watcherBytes)
      throw new ControlError('E_ANSWER', 'The daemon sent a line without an end.')
    for (const line of lines) {
      if (line !== '' && !line.startsWith(':')) yield eventOf(line)
    }
  }
}

function eventOf(line: string): ControlEvent {
  try {
    const value: unknown = JSON.parse(line)
    // The daemon checked it against the schema of this API version.
    if (typeof value === 'object' && value !== null && 'kind' in value) return value as ControlEvent
  } catch {
    // Falls through: said below.
  }
  throw new ControlError('E_ANSWER', 'The daemon sent a line that is no event.')
}
