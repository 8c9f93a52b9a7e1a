import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { TestMesh } from '../../test/support/mesh.ts'
import { freePort } from '../../test/support/proxy.ts'
import type { Dials } from './overlay.ts'
import type { Opened, Wish } from './slow-links.ts'

export type Edges = readonly (readonly [number, number])[]

/** Real daemons that are connected as `dials` says, over links that let everything wait. */
export interface DelayedMesh {
  readonly mesh: TestMesh
  /** Who is connected to whom now, by number from 0. */
  edges(): Promise<Edges>
  /** All daemons end, and start again one after another in this order: another gossip mesh over the same links. */
  restart(order: readonly number[]): Promise<void>
  close(): Promise<void>
}

/**
 * Nodes know each other by the addresses of proxies that they were told, and by no others: what a node announces of itself is a port at
 * which nobody listens. So nobody dials beyond `dials`, and the overlay stays what it is, as a simulation has it.
 */
export async function delayedMesh(dials: Dials, delayMs: number): Promise<DelayedMesh> {
  const proxies = fork(join(import.meta.dirname, 'slow-links.ts'))
  const neighbours = Math.max(1, ...dials.map((each) => each.length))
  const doors = new Map<number, string>()
  const place = async (node: number) => {
    const port = await freePort()
    const door = `/ip4/127.0.0.1/tcp/${await open(proxies, { target: port, delayMs })}`
    doors.set(node, door)
    const bootstrap = (dials[node] ?? []).map((other) => doors.get(other) ?? '')
    // Ports below 1024 are nobody's here.
    const announce = [`/ip4/127.0.0.1/tcp/${node + 1}`]
    return { port, config: { neighbours, bootstrap, announce } }
  }
  let mesh: TestMesh | undefined
  const close = async (): Promise<void> => {
    await mesh?.close()
    proxies.disconnect()
  }
  try {
    const first = await place(0)
    mesh = await TestMesh.create({}, first.port, first.config)
    const made = mesh
    for (let node = 1; node < dials.length; node++) await made.prepare(`n${node + 1}`, await place(node))
    for (const node of made.nodes.slice(1)) await node.start()
    await made.meet(300_000)
    const restart = async (order: readonly number[]): Promise<void> => {
      await Promise.all(made.nodes.map((node) => node.stop()))
      for (const node of order) await made.node(node + 1).start()
      await made.meet(300_000)
      // Who started before those whom it dials tries again after a pause.
      const wanted = dials.flat().length
      for (const until = Date.now() + DIALS_MS; Date.now() < until; await sleep(1000)) {
        if ((await edgesOf(made)).length >= wanted) return
      }
    }
    return { mesh: made, edges: () => edgesOf(made), restart, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Where it had inbound connections enough meanwhile, it does not. */
const DIALS_MS = 20_000

async function open(proxies: ChildProcess, wish: Wish): Promise<number> {
  return await new Promise((resolve) => {
    const heard = ({ target, port }: Opened): void => {
      if (target !== wish.target) return
      proxies.off('message', heard)
      resolve(port)
    }
    proxies.on('message', heard)
    proxies.send(wish)
  })
}

async function edgesOf(mesh: TestMesh): Promise<Edges> {
  const numbers = new Map(mesh.nodes.map(({ key }, at) => [key, at]))
  const all = await Promise.all(mesh.nodes.map((node) => node.status()))
  return all.flatMap(({ peers }, at) =>
    peers.flatMap(({ key }): [number, number][] => {
      const other = numbers.get(key)
      return other !== undefined && at < other ? [[at, other]] : []
    }),
  )
}
