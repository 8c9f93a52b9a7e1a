import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('nodes of one mesh find each other by multicast, without any address, and none of another mesh', () => {
  // A namespace of its own: nothing is sent to the network of this machine.
  const ground = 'ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo'
  const nodes = join(import.meta.dirname, 'mdns-nodes.ts')
  const said = execFileSync('unshare', ['-rn', 'sh', '-c', `${ground} && exec "$0" "$1"`, process.execPath, nodes], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect(JSON.parse(said)).toEqual({ one: ['two'], two: ['one'], other: [] })
})
