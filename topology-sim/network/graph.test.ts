import { describe, expect, it } from 'vitest'
import { Random } from '../kernel/random.ts'
import {
  edgeListOverlay,
  type Graph,
  isolated,
  randomOverlay,
  regularOverlay,
  smallWorldOverlay,
  starOverlay,
} from './graph.ts'

function edgesAreMutual(graph: Graph): boolean {
  for (let node = 0; node < graph.nodes; node++) {
    for (let i = 0; i < graph.degree(node); i++) if (graph.edgeBetween(graph.neighbour(node, i), node) < 0) return false
  }
  return true
}

describe('overlays', () => {
  it('a random overlay is connected, mutual, and within its places', () => {
    const graph = randomOverlay(2000, 6, 24, new Random(1, 'overlay'))
    expect(isolated(graph)).toBe(0)
    expect(edgesAreMutual(graph)).toBe(true)
    const degrees = Array.from({ length: 2000 }, (_, node) => graph.degree(node))
    expect(Math.max(...degrees)).toBeLessThanOrEqual(24)
    expect(Math.min(...degrees)).toBeGreaterThanOrEqual(1)
  })

  it('a small world keeps its ring, so nobody is cut off', () => {
    expect(isolated(smallWorldOverlay(500, 4, 0.2, 32, new Random(2, 'small world')))).toBe(0)
  })

  it.each([2, 3, 4, 7, 12])('a regular overlay gives everyone %i neighbours, and leaves nobody out', (degree) => {
    const graph = regularOverlay(60, degree, degree + 4, new Random(3, 'overlay'))
    expect(Array.from({ length: 60 }, (_, node) => graph.degree(node))).toEqual(
      Array.from({ length: 60 }, () => degree),
    )
    expect(isolated(graph)).toBe(0)
  })

  it('a star has one middle', () => {
    const graph = starOverlay(5)
    expect([graph.degree(0), graph.degree(3)]).toEqual([4, 1])
  })

  it('an edge list keeps each edge once and refuses a node that is not there', () => {
    const twice: [number, number][] = [
      [0, 1],
      [1, 0],
    ]
    expect(edgeListOverlay(3, twice).degree(0)).toBe(1)
    expect(isolated(edgeListOverlay(3, twice))).toBe(1)
    expect(() => edgeListOverlay(2, [[0, 2]])).toThrow(RangeError)
  })

  it('the same seed gives the same overlay', () => {
    const degrees = (seed: number): number[] => {
      const graph = randomOverlay(100, 4, 16, new Random(seed, 'overlay'))
      return Array.from({ length: 100 }, (_, node) => graph.neighbour(node, 0))
    }
    expect(degrees(9)).toEqual(degrees(9))
    expect(degrees(9)).not.toEqual(degrees(10))
  })
})

describe('a random overlay of which most cannot be dialled', () => {
  it('gives everyone as many connections as it dials', () => {
    // As shops behind NAT and their data centre: one of five can be dialled.
    const graph = randomOverlay(500, 3, 24, new Random(1, 'overlay'), (_from, to) => to < 100)
    const degrees = Array.from({ length: 400 }, (_, i) => graph.degree(100 + i))
    expect(degrees.filter((degree) => degree < 3).length).toBeLessThan(20)
    for (let node = 100; node < 500; node++)
      for (let i = 0; i < graph.degree(node); i++) expect(graph.neighbour(node, i)).toBeLessThan(100)
  })
})
