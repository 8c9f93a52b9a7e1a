import { SCENE_START_MS, seal, type Beacon, type Hasher } from '../../node/core/index.ts'
import type { Random } from '../kernel/random.ts'
import type { World } from '../world/types.ts'

/** How often a copied machine is heard: a beacon's interval. */
const BEACON_MS = 60_000
/** How often the scenario looks whether the original has noticed. */
const LOOK_MS = 5_000

/** When runs of scenarios begin. Milliseconds since 1970: the same for all, as records carry the time. */
export const START_MS = SCENE_START_MS + 86_400_000

interface Stage {
  readonly world: World
  readonly hasher: Hasher
  say(kind: string, text: string): void
}

/**
 * A copy of a machine starts somewhere else in the mesh: it has the key, so its beacons are as good as those of the
 * original, but for the instance, which is new at every start. Only beacons give it away.
 *
 * @param known called once, when the original has noticed or the copy has ended
 * @returns what ends it
 */
export function runClone(stage: Stage, node: number, random: Random, known: () => void): () => void {
  const { world, hasher } = stage
  const name = world.nameOf(node)
  const instance = `copy-of-${name}`
  let active = true
  let seq = 0
  let noticed = false
  const speak = (): void => {
    if (!active) return
    world.at(world.nowMs + BEACON_MS, speak)
    const at = somewhere(world, node, random)
    const view = world.engine(at)?.view
    if (view === undefined) return
    const body: Beacon = {
      v: 1,
      type: 'live/beacon',
      mesh: view.ledger.env.mesh,
      key: world.keyOf(node),
      crit: [],
      at: START_MS + Math.floor(world.nowMs),
      instance,
      seq: ++seq,
      agent: 'chorus/0.1.0',
      charters: view.ledger.charters.inForce.map(({ id }) => id),
      policies: {},
      health: 'ok',
      presence: 'always',
      addrs: [],
      facts: {},
    }
    const { bytes } = seal(body, [world.signerOf(node)], hasher)
    // Beacons reach everyone: what is handed in is judged, and not passed on.
    for (let to = 0; to < world.nodes; to++) {
      const [neighbour] = world.isUp(to) ? world.inspect(to).neighbours : []
      if (neighbour !== undefined) world.inject(world.nodeOf(neighbour), to, bytes)
    }
  }
  const look = (): void => {
    if (!active || noticed) return
    noticed = world.engine(node)?.view.cloned === true
    if (noticed) {
      stage.say('clone', `${name} notices that another machine works with its key (E_CLONED)`)
      return known()
    }
    world.at(world.nowMs + LOOK_MS, look)
  }
  world.at(world.nowMs, speak)
  world.at(world.nowMs + LOOK_MS, look)
  return () => {
    active = false
    known()
  }
}

/** Any node that is up, but not this one. */
function somewhere(world: World, not: number, random: Random): number {
  for (let tries = 0; tries < 100; tries++) {
    const node = random.below(world.nodes)
    if (node !== not && world.isUp(node)) return node
  }
  return not
}
