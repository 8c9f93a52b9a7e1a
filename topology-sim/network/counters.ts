import type { Cargo, NetworkCounters } from './network.ts'

/** Counts bytes where they leave: a frame that is lost on the way was still sent, and is counted as received as well. */
export class Counters implements NetworkCounters {
  readonly bytesIn: Float64Array
  readonly bytesOut: Float64Array
  readonly regionBytes: Float64Array
  readonly bytesBy: Record<Cargo, number> = { gossip: 0, control: 0, sync: 0, admission: 0, blobs: 0 }
  copies = 0
  frames = 0
  readonly #regions: number
  readonly #regionOf: (node: number) => number

  constructor(nodes: number, regions: number, regionOf: (node: number) => number) {
    this.bytesIn = new Float64Array(nodes)
    this.bytesOut = new Float64Array(nodes)
    this.regionBytes = new Float64Array(regions * regions)
    this.#regions = regions
    this.#regionOf = regionOf
  }

  count(cargo: Cargo, from: number, to: number, bytes: number): void {
    this.frames++
    this.bytesOut[from] = (this.bytesOut[from] ?? 0) + bytes
    this.bytesIn[to] = (this.bytesIn[to] ?? 0) + bytes
    this.bytesBy[cargo] += bytes
    const at = this.#regions === 1 ? 0 : this.#regionOf(from) * this.#regions + this.#regionOf(to)
    this.regionBytes[at] = (this.regionBytes[at] ?? 0) + bytes
  }

  data(from: number, to: number, bytes: number): void {
    this.copies++
    this.count('gossip', from, to, bytes)
  }

  control(from: number, to: number, bytes: number): void {
    this.count('control', from, to, bytes)
  }
}
