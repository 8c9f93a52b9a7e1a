import type { NodeWorld } from '../../node/control/views/world.ts'
import type { Probe } from './probe.ts'

/** What a daemon around this engine would tell of itself. */
export function worldOf(probe: Probe): NodeWorld {
  return {
    view: probe.engine.view,
    self: probe.key,
    instance: 'i',
    agent: 'chorus/0.1.0',
    observe: false,
    presence: 'always',
    startedAt: 0,
    addrs: [],
    peers: [],
    facts: {},
  }
}
