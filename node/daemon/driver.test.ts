import { describe, expect, it } from 'vitest'
import type { Effect, Input } from '../core/index.ts'
import { Driver } from './driver.ts'
import type { Actions, Clock, Machine } from './driver.ts'

/** Answers each input with the effects that a test scripted for it. */
class Script implements Machine {
  readonly seen: string[] = []
  at: number | undefined
  #effects: Effect[] = []
  readonly #answers: Readonly<Record<string, readonly Effect[]>>

  constructor(answers: Readonly<Record<string, readonly Effect[]>>) {
    this.#answers = answers
  }
  handle(input: Input, nowMs: number): void {
    this.seen.push(`${input.type}@${nowMs}`)
    this.#effects.push(...(this.#answers[input.type] ?? []))
  }
  drain(): readonly Effect[] {
    return this.#effects.splice(0)
  }
  deadline(): number | undefined {
    return this.at
  }
}

function manualClock(): Clock & { run: (ms: number) => void } {
  let now = 0
  const timers = new Set<{ at: number; work: () => void }>()
  return {
    now: () => now,
    after(ms, work) {
      const timer = { at: now + ms, work }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    run(ms) {
      now += ms
      // A copy: work adds timers.
      for (const timer of Array.from(timers)) {
        if (timer.at > now) continue
        timers.delete(timer)
        timer.work()
      }
    },
  }
}

const acts = (done: string[], feed: (effect: Effect) => void = () => undefined): Actions => {
  const act = (effect: Effect): void => {
    done.push(effect.type)
    feed(effect)
  }
  return {
    verdict: act,
    gossip: act,
    send: act,
    admitSend: act,
    admitResult: act,
    persist: act,
    blobWant: act,
    blobCancel: act,
    blobKeep: act,
    apply: act,
    dial: act,
    hangup: act,
    probe: act,
    reply: act,
    event: act,
  }
}
const gossip: Effect = { type: 'gossip', bytes: new Uint8Array() }
const persist: Effect = { type: 'persist', batch: 1, records: [], drop: [], local: null }

describe('the driver', () => {
  it('acts in order, and handles what an action feeds only after the effects before it', () => {
    const script = new Script({ peerUp: [persist, gossip], persisted: [{ type: 'hangup', peer: 'p', code: 'E' }] })
    const done: string[] = []
    const driver: Driver = new Driver(
      script,
      acts(done, (effect) => {
        if (effect.type === 'persist') driver.feed({ type: 'persisted', batch: effect.batch })
      }),
      manualClock(),
    )
    driver.feed({ type: 'peerUp', peer: 'p' })
    expect(done).toEqual(['persist', 'gossip', 'hangup'])
    expect(script.seen).toEqual(['peerUp@0', 'persisted@0'])
  })

  it('wakes the engine at its deadline, and again only when it asks', () => {
    const clock = manualClock()
    const script = new Script({})
    const driver = new Driver(script, acts([]), clock)
    script.at = 50
    driver.feed({ type: 'peerUp', peer: 'p' })
    clock.run(49)
    expect(script.seen).toEqual(['peerUp@0'])
    script.at = undefined
    clock.run(1)
    clock.run(1000)
    expect(script.seen).toEqual(['peerUp@0', 'wake@50'])
  })

  it('arms the nearer of two deadlines when the engine changes its mind', () => {
    const clock = manualClock()
    const script = new Script({})
    const driver = new Driver(script, acts([]), clock)
    script.at = 500
    driver.feed({ type: 'peerUp', peer: 'p' })
    script.at = 10
    driver.feed({ type: 'peerDown', peer: 'p' })
    clock.run(10)
    expect(script.seen.at(-1)).toBe('wake@10')
  })

  it('handles nothing after stop', () => {
    const clock = manualClock()
    const script = new Script({})
    const driver = new Driver(script, acts([]), clock)
    script.at = 5
    driver.feed({ type: 'peerUp', peer: 'p' })
    driver.stop()
    clock.run(10)
    driver.feed({ type: 'peerUp', peer: 'p' })
    expect(script.seen).toEqual(['peerUp@0'])
  })
})
