import type { TestNode } from './node.ts'

/** Looked at again this often even without an event: some things (a connection that dies) have none. */
const AGAIN_MS = 500

/**
 * Waits until `check` gives a value other than false or undefined: asked at once, and again whenever one of the nodes
 * that run says that something happened. What it throws counts as "not yet" and is shown if the time is up.
 */
export async function until<T>(
  nodes: readonly TestNode[],
  what: string,
  check: () => Promise<T | false | undefined> | T | false | undefined,
  timeoutMs = 30_000,
): Promise<T> {
  const started = Date.now()
  const over = AbortSignal.timeout(timeoutMs)
  const stop = new AbortController()
  let wake: () => void = () => undefined
  const watched = nodes.filter((node) => node.running).map((node) => watch(node, stop.signal, () => wake()))
  let last: unknown
  try {
    for (;;) {
      // Armed before looking, so that nothing that happens meanwhile is missed.
      const woken = new Promise<void>((resolve) => {
        wake = resolve
      })
      try {
        const found = await check()
        if (found !== false && found !== undefined) return found
        last = found
      } catch (error) {
        last = error
      }
      if (over.aborted) break
      await Promise.race([woken, new Promise<void>((resolve) => setTimeout(resolve, AGAIN_MS).unref())])
    }
  } finally {
    stop.abort()
    await Promise.all(watched)
  }
  const logs = nodes.map((node) => `--- ${node.name}\n${node.tail(12)}`).join('\n')
  const why = last instanceof Error ? `: ${last.message}` : ''
  throw new Error(`Not within ${Date.now() - started} ms: ${what}${why}\n${logs}`)
}

async function watch(node: TestNode, signal: AbortSignal, wake: () => void): Promise<void> {
  try {
    for await (const _event of node.client.events(signal)) wake()
  } catch {
    // It stopped, or the wait is over.
  }
}
