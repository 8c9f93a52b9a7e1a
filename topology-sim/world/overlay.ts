import { Random } from '../kernel/random.ts'
import {
  edgeListOverlay,
  fullOverlay,
  Graph,
  randomOverlay,
  regularOverlay,
  smallWorldOverlay,
  starOverlay,
  type CanDial,
} from '../network/graph.ts'
import { SimError } from '../errors.ts'
import { SIM_LIMITS } from '../limits.ts'
import type { Fleet, OverlayOptions } from './options.ts'

const DIALS = 6
/** Places that fixed overlays keep free for nodes that lose their neighbours. */
const SPARE = 4

/** Who knows whom. @throws SimError E_SIM_OVERLAY for one that cannot be */
export function makeOverlay(options: OverlayOptions | Graph, fleet: Fleet, seed: number): Graph {
  if (options instanceof Graph) {
    if (options.nodes === fleet.size) return options
    throw new SimError(
      'E_SIM_OVERLAY',
      `The overlay has ${options.nodes} nodes and the fleet ${fleet.size}: make them equal.`,
    )
  }
  const random = new Random(seed, 'overlay')
  const { size } = fleet
  const canDial: CanDial = (_from, to) => fleet.at(to).dialable !== false
  switch (options.kind) {
    case 'random': {
      const dials = options.dials ?? DIALS
      return randomOverlay(size, dials, Math.max(SIM_LIMITS.places, 4 * dials), random, canDial)
    }
    case 'regular':
      if (options.degree >= size) {
        throw new SimError(
          'E_SIM_OVERLAY',
          `${size} nodes cannot have ${options.degree} neighbours each: use fewer, or kind full.`,
        )
      }
      return regularOverlay(size, options.degree, options.degree + 2 + SPARE, random)
    case 'smallWorld':
      return smallWorldOverlay(size, options.near ?? 4, options.rewire ?? 0.1, SIM_LIMITS.places, random)
    case 'star':
      return starOverlay(size, SPARE)
    case 'full':
      return fullOverlay(size, canDial)
    default:
      return fromEdges(size, options.edges)
  }
}

function fromEdges(size: number, edges: readonly (readonly [number, number])[]): Graph {
  try {
    return edgeListOverlay(size, edges, SPARE)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new SimError('E_SIM_OVERLAY', `In the overlay, ${error.message}: correct the list of edges.`)
  }
}
