import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { heapFlags, prepareHeap } from './heap.ts'
import { memoryFor } from './memory.ts'
import { prepare } from './prepare.ts'

describe('the memory of a run', () => {
  it('is known before it starts, and whether it needs a thread of its own', () => {
    const request = { file: 'lan-100', cwd: '.', seed: null, nodes: 1_000_000, fleet: null, policies: [], fail: null }
    const { scenario } = prepare(request, () => undefined)
    expect(memoryFor(scenario, 1, 64e9)).toMatchObject({ fitsHere: false })
    expect(() => memoryFor(scenario, 2, 8e9)).toThrow(/2 runs at once need about/)
  })

  it('leaves the heap of a small one as it is', () => {
    expect(heapFlags(100e6)).toEqual([])
    expect(prepareHeap(100e6, 400e6)).toEqual({ maxOldGenerationSizeMb: 382 })
  })

  it('is a heap that is not searched before it is full: a large thread keeps its garbage without a full collection', async () => {
    const full = async (limits: ReturnType<typeof prepareHeap>): Promise<number> => {
      const worker = new Worker(GROWING, { eval: true, resourceLimits: limits })
      return await new Promise<number>((done, failed) => {
        worker.once('message', done)
        worker.once('error', failed)
      })
    }
    expect(await full({ maxOldGenerationSizeMb: 2048 })).toBeGreaterThan(0)
    expect(await full(prepareHeap(1e9, 2e9))).toBe(0)
  })
})

/** Keeps 150 MB in objects and as much in typed arrays, and counts the full collections that it took. */
const GROWING = `
const { parentPort } = require('node:worker_threads')
const { constants, PerformanceObserver } = require('node:perf_hooks')
const { NODE_PERFORMANCE_GC_MAJOR: major } = constants
let full = 0
new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) if (detail.kind === major) full++
}).observe({ entryTypes: ['gc'] })
const kept = []
for (let i = 0; i < 1500; i++) kept.push(Array.from({ length: 2000 }, (_, n) => ({ n })), new Uint8Array(100_000))
setTimeout(() => parentPort.postMessage(full), 100)
`
