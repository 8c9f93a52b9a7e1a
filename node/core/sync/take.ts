import { heldElsewhere } from '../engine/acknowledge.ts'
import type { EngineState } from '../engine/state.ts'
import { takeAsk } from './answers.ts'
import type { SyncFrame } from './frames.ts'
import type { Link } from './links.ts'
import { heardDigest, takeAnswer } from './rounds.ts'

/** One frame from a connected member. */
export function takeSyncFrame(state: EngineState, link: Link, frame: SyncFrame): void {
  if (frame.type === 'ask') {
    takeAsk(state, link, frame)
    if (frame.ask.kind === 'digest') heardDigest(state, link, frame.ask.digest, frame.ask.answering)
    return
  }
  if (frame.answer.kind === 'holds') heldElsewhere(state, link.peer, frame.answer.version)
  else takeAnswer(state, link, frame)
}
