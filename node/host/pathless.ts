import { createHash, hash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Digest, FetchOptions, ProbeTarget } from '../../policies/index.ts'
import { fetchUrl, gunzip, inflate } from './streams.ts'
import { probeHttp, probeTcp } from './probe.ts'

/** What a host offers that has nothing to do with its files. */
export class PathlessHost {
  now(): number {
    return Date.now()
  }

  dayTime(): { readonly day: number; readonly minute: number } {
    const now = new Date()
    return { day: now.getDay(), minute: now.getHours() * 60 + now.getMinutes() }
  }

  async pause(): Promise<void> {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
  }

  sha256(bytes: Uint8Array): Uint8Array {
    return hash('sha256', bytes, 'buffer')
  }

  digest(): Digest {
    const hash = createHash('sha256')
    return { add: (bytes) => void hash.update(bytes), end: () => hash.digest() }
  }

  gunzip(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return gunzip(source)
  }

  inflate(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    return inflate(source)
  }

  fetch(url: string, options: FetchOptions): AsyncIterable<Uint8Array> {
    return fetchUrl(url, options)
  }

  async probe(target: ProbeTarget, timeoutMs: number, signal?: AbortSignal): Promise<string | null> {
    if ('tcp' in target) return await probeTcp(target.tcp, timeoutMs, signal)
    return await probeHttp(target.http, target.status ?? null, timeoutMs, signal)
  }
}
