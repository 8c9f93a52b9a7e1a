import type { Cid } from '../../node/core/index.ts'
import type { Disk, LabNode } from '../lab/lab-node.ts'
import type { EventKind } from './events.ts'
import { pick } from './ordeal.ts'
import type { Ordeal } from './ordeal.ts'

/** Machines, disks, clocks and cables. */
export const machineEvents: readonly EventKind[] = [
  {
    name: 'crash',
    weight: 4,
    act(ordeal, { a }) {
      const node = ordeal.any(a)
      if (node !== undefined) ordeal.lab.crash(node.name)
    },
  },
  {
    name: 'loseDisk',
    weight: 1,
    act(ordeal, { a }) {
      const node = ordeal.any(a)
      if (node === undefined || ordeal.isLastCopy(node)) return
      ordeal.truth.forgetful.add(node.key)
      ordeal.lab.crash(node.name, false)
    },
  },
  {
    name: 'restart',
    weight: 5,
    act(ordeal, { a }) {
      const down = pick(
        ordeal.honest().filter((node) => !node.up),
        a,
      )
      down?.restart()
    },
  },
  {
    name: 'backup',
    weight: 2,
    act(ordeal, { a }) {
      const node = ordeal.any(a % 2)
      if (node !== undefined) ordeal.backups.set(node.name, copyOf(node))
    },
  },
  {
    name: 'restore',
    weight: 2,
    act(ordeal, { a }) {
      const [name, disk] = pick([...ordeal.backups], a) ?? []
      const node = ordeal.honest().find((one) => one.name === name)
      if (node === undefined || disk === undefined || ordeal.isLastCopy(node)) return
      ordeal.truth.forgetful.add(node.key)
      if (node.up) ordeal.lab.crash(node.name)
      node.options.disk.records = new Map(disk.records)
      node.options.disk.local = disk.local
      node.options.disk.bundles.clear()
      for (const cid of disk.bundles) node.options.disk.bundles.add(cid)
      node.restart()
    },
  },
  {
    name: 'clone',
    weight: 1,
    act(ordeal, { a }) {
      const node = ordeal.any(a)
      if (node === undefined || ordeal.truth.clones > 0 || node.name.endsWith("'")) return
      ordeal.truth.clones = 1
      ordeal.truth.forgetful.add(node.key)
      ordeal.addWithDisk(`${node.name}'`, copyOf(node), {}, node.name)
    },
  },
  {
    name: 'cut',
    weight: 4,
    act(ordeal, { a }) {
      const names = [...ordeal.lab.nodes.keys()]
      const west = new Set(names.filter((_, at) => ((a >> at) & 1) === 1))
      ordeal.lab.passes = (x, y) => west.has(x) === west.has(y)
      ordeal.lab.cut()
    },
  },
  {
    name: 'mend',
    weight: 4,
    act(ordeal) {
      ordeal.lab.passes = () => true
    },
  },
  {
    name: 'loss',
    weight: 2,
    act(ordeal, { a, b }) {
      ordeal.lab.gossipLoss = (a % 10) / 10
      ordeal.lab.gossipTwice = (b % 5) / 10
    },
  },
  {
    name: 'clock',
    weight: 3,
    act(ordeal, { a, b }) {
      ordeal.any(a)?.setClock(pick(CLOCKS_MS, b) ?? 0)
    },
  },
  {
    name: 'slowDisk',
    weight: 2,
    act(ordeal, { a, b }) {
      const node = ordeal.any(a)
      if (node !== undefined) node.diskMs = [2, 50, 400, 3_000][b % 4] ?? 2
    },
  },
  {
    name: 'badDisk',
    weight: 2,
    act(ordeal, { a, b }) {
      const node = ordeal.any(a)
      if (node !== undefined) node.diskFails = b % 3 === 0 ? () => true : () => ordeal.random.chance(0.5)
    },
  },
  {
    name: 'newDisk',
    weight: 2,
    act: (ordeal) => cureDisks(ordeal),
  },
]

/** Behind and ahead, within and beyond what the mesh tolerates (10 minutes). */
const CLOCKS_MS = [-3_600_000, -60_000, 0, 30_000, 15 * 60_000, 3 * 3_600_000]

export function cureDisks(ordeal: Ordeal): void {
  for (const node of ordeal.lab.nodes.values()) {
    node.diskFails = () => false
    node.diskMs = 2
  }
}

function copyOf({ options }: LabNode): Disk {
  const { records, local, bundles } = options.disk
  return { records: new Map(records), local, bundles: new Set<Cid>(bundles) }
}
