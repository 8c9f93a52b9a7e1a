import type { TopologySample } from '../run/result.ts'

export interface Placed {
  readonly x: number
  readonly y: number
}

export const CANVAS = { width: 1000, height: 640 } as const
/** 2 pi over the square of the golden ratio: a sunflower packs points evenly. */
const GOLDEN = 2.399963

/** Where to draw each node: regions on an ellipse, the nodes of each as a sunflower around its middle. */
export function layout({ nodes }: TopologySample): Placed[] {
  const counts = new Map<number, number>()
  for (const { region } of nodes) counts.set(region, (counts.get(region) ?? 0) + 1)
  const regions = [...counts.keys()].sort((a, b) => a - b)
  const { width, height } = CANVAS
  const room = regions.length === 1 ? height * 0.46 : Math.min(height * 0.27, (height * 1.1) / regions.length)
  const seen = new Map<number, number>()
  return nodes.map(({ region }) => {
    const turn = (2 * Math.PI * regions.indexOf(region)) / regions.length - Math.PI / 2
    const away = regions.length === 1 ? 0 : 1
    const place = seen.get(region) ?? 0
    seen.set(region, place + 1)
    const radius = room * Math.sqrt((place + 0.5) / (counts.get(region) ?? 1))
    return {
      x: Math.round(width / 2 + away * (width / 2 - room - 20) * Math.cos(turn) + radius * Math.cos(place * GOLDEN)),
      y: Math.round(height / 2 + away * (height / 2 - room - 10) * Math.sin(turn) + radius * Math.sin(place * GOLDEN)),
    }
  })
}
