import { Random } from '../kernel/random.ts'
import type { EventKind, ScenarioEvent } from '../scenario/events.ts'
import { everyone, neighboursOf, sample, sideOf, upOf } from './choosing.ts'
import { runClone } from './clone.ts'
import { turnBad } from './malice.ts'
import { gatewayOf, publish, publisherOf, restore } from './publishing.ts'
import type { Stage } from './stage.ts'

type EventOf<K extends EventKind> = Extract<ScenarioEvent, { kind: K }>

/** @param index of the event among those of the scenario: what is random in it hangs on that */
export function act(stage: Stage, event: ScenarioEvent, index: number): void {
  const random = new Random(stage.scenario.seed, `event ${index}`)
  // Each entry takes the event of its own kind.
  const run = ACTS[event.kind] as (stage: Stage, event: ScenarioEvent, random: Random) => void
  run(stage, event, random)
}

const ACTS: { readonly [K in EventKind]: (stage: Stage, event: EventOf<K>, random: Random) => void } = {
  publish: (stage, { what, more }) => publish(stage, what, more.by, false, undefined),
  retire: (stage, { what, more }) => {
    const by = publisherOf(stage, more.by)
    const policy = stage.bundles.get(what)?.policy ?? what
    const via = gatewayOf(stage, by)
    if (via === undefined) return stage.say('retire', `${by} could not withdraw ${policy}: no node is up`)
    stage.published(stage.world.retire(via, policy), { name: what, bundle: null, by, thief: false })
    stage.say('retire', `${by} withdraws ${policy}`)
  },
  partition: (stage, { what, more }, random) => {
    const sides =
      typeof what === 'number'
        ? [sample(everyone(stage), { share: what }, random)]
        : what.map((names) => sideOf(stage, names))
    const ended = stage.fault()
    const heal = stage.partitions.cut(sides, ended)
    const shown =
      typeof what === 'number'
        ? `${sides[0]?.length ?? 0} nodes at random`
        : what.map((names) => names.join('+')).join(' | ')
    stage.say('partition', `the network falls apart: ${shown} | the rest`)
    later(stage, more.for, () => {
      if (heal()) sayHealed(stage)
    })
  },
  heal: (stage) => {
    stage.partitions.healAll()
    sayHealed(stage)
  },
  crash: (stage, { what, more }, random) => {
    const { world } = stage
    const nodes = sample(upOf(stage, what), more, random)
    for (const node of nodes) world.crash(node)
    stage.say('crash', `${count(nodes)} crash`)
    if (more.for === undefined) return
    const ended = stage.fault()
    world.at(world.nowMs + more.for, () => restartAll(stage, nodes, more.over, more.disk === 'keep', random, ended))
  },
  restart: (stage, { what, more }, random) => {
    const down = stage.fleet.choose(what).filter((node) => stage.world.inspect(node).status === 'crashed')
    restartAll(stage, sample(down, more, random), more.over, more.disk === 'keep', random, stage.fault())
  },
  join: (stage, { what, more }, random) => {
    const { world } = stage
    const [from, to] = stage.fleet.rangeOf(what)
    for (let node = from; node < to; node++) world.at(world.nowMs + random.next() * more.over, () => world.join(node))
    stage.say('join', `${to - from} nodes of ${what} join`)
  },
  leave: (stage, { what, more }, random) => {
    const nodes = sample(upOf(stage, what), more, random)
    for (const node of nodes) stage.world.leave(node)
    stage.say('leave', `${count(nodes)} leave`)
  },
  'slow-disk': (stage, { what, more }, random) => {
    const { world, fleet } = stage
    const nodes = sample(fleet.choose(what), more, random)
    for (const node of nodes) world.slowDisk(node, more.takes / FSYNC_MS)
    stage.say('slow-disk', `the disks of ${count(nodes)} take ${more.takes} ms for an fsync`)
    passing(stage, more.for, () => {
      for (const node of nodes) world.slowDisk(node, (fleet.group(fleet.groupOf(node))?.disk ?? FSYNC_MS) / FSYNC_MS)
      stage.say('slow-disk', `the disks of ${count(nodes)} are as before`)
    })
  },
  'skew-clock': (stage, { what, more }, random) => {
    const { world } = stage
    const nodes = sample(stage.fleet.choose(what), more, random)
    for (const node of nodes) world.setClock(node, more.by)
    stage.say('skew-clock', `the clocks of ${count(nodes)} are ${more.by / 1000} s off`)
    passing(stage, more.for, () => {
      for (const node of nodes) world.setClock(node, 0)
      stage.say('skew-clock', `the clocks of ${count(nodes)} are right again`)
    })
  },
  'corrupt-disk': (stage, { what, more }, random) => {
    // A damaged store is noticed when it is opened, and is made anew: the node comes back with its key and nothing else.
    const { world } = stage
    const nodes = sample(upOf(stage, what), more, random)
    const ended = stage.fault()
    for (const node of nodes) world.crash(node)
    stage.say('corrupt-disk', `the stores of ${count(nodes)} are damaged`)
    world.at(world.nowMs + REPAIR_MS, () => restartAll(stage, nodes, 0, false, random, ended))
  },
  malicious: (stage, { what, more }, random) => {
    const { world, hasher } = stage
    const chosen = sample(upOf(stage, what), more, random)
    const nodes = more.do === 'eclipse' ? neighboursOf(stage, chosen) : chosen
    const ended = stage.fault()
    const ends = nodes.map((node) => turnBad(more.do, { world, node, random, hasher, delayMs: more.delay ?? DELAY_MS }))
    const whom = more.do === 'eclipse' ? `, all around ${count(chosen)}` : ''
    stage.say('malicious', `${count(nodes)} turn malicious: ${more.do}${whom}`)
    later(stage, more.for, () => {
      for (const end of ends) end()
      ended()
      stage.say('malicious', `${count(nodes)} behave again`)
    })
  },
  'steal-key': (stage, { what, more }, random) => {
    const from = more.from === undefined ? undefined : sample(upOf(stage, more.from), { count: 1 }, random)[0]
    stage.say('steal-key', `a thief has the key of ${what}`)
    publish(stage, more.publishes, what, true, from)
  },
  revoke: (stage, { what }) => {
    stage.world.revoke(what, 'feed')
    stage.say('revoke', `the root revokes what ${what} may do`)
  },
  'rotate-charter': (stage) => {
    const root = stage.world.actor(`root ${stage.world.nowMs}`)
    stage.world.charter({ roots: { keys: [root.key], threshold: 1 } })
    stage.say('rotate-charter', 'a new charter with a new root')
  },
  'restore-publisher': (stage, { what, more }) => restore(stage, what, more.from, more.publishes),
  clone: (stage, { what, more }, random) => {
    const nodes = sample(
      upOf(stage, what),
      { count: more.count ?? (more.share === undefined ? 1 : undefined), share: more.share },
      random,
    )
    stage.say('clone', `copied, with the key: ${count(nodes)}`)
    // The run goes on until the originals have noticed, as that is the question.
    const ends = nodes.map((node) => runClone(stage, node, random, stage.fault()))
    later(stage, more.for, () => {
      for (const end of ends) end()
      stage.say('clone', 'the copies are gone')
    })
  },
}

/** An fsync of a healthy disk in the world, and how long it takes somebody to repair a store. Milliseconds. */
export const FSYNC_MS = 2
const REPAIR_MS = 5_000
const DELAY_MS = 2_000

const count = (nodes: readonly number[]): string => `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'}`

function later({ world }: Stage, ms: number | undefined, action: () => void): void {
  if (ms !== undefined) world.at(world.nowMs + ms, action)
}

/** What ends by itself is a fault as long as it lasts: the run goes on, and healing is measured from its end. */
function passing(stage: Stage, ms: number | undefined, end: () => void): void {
  if (ms === undefined) return
  const ended = stage.fault()
  later(stage, ms, () => {
    end()
    ended()
  })
}

function sayHealed({ partitions, say }: Stage): void {
  say(
    'heal',
    partitions.none ? 'the network is whole again' : 'a part of the network is back, another is still cut off',
  )
}

function restartAll(
  stage: Stage,
  nodes: readonly number[],
  overMs: number,
  disk: boolean,
  random: Random,
  ended: () => void,
): void {
  const { world } = stage
  for (const node of nodes) {
    world.at(world.nowMs + random.next() * overMs, () => {
      if (world.inspect(node).status === 'crashed') world.restart(node, { disk })
    })
  }
  world.at(world.nowMs + overMs, ended)
  stage.say('restart', `${count(nodes)} come back${disk ? '' : ' with an empty disk'}`)
}
