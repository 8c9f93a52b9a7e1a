import type { Driver } from '../../topology-sim/index.ts'
import { CliError } from '../errors.ts'
import type { ActionName } from '../top/source.ts'

/** What `loss` sets links to, and the next time back. */
const LOSS = 0.2

/** A fault by key, in the middle of a run. Gives what was done, in words. @throws CliError E_NOT_FOUND, E_USAGE */
export function injectFault(driver: Driver, name: ActionName, arg: string): string {
  const { world, fleet } = driver
  const node = (): number => {
    for (let index = 0; index < world.nodes; index++) if (fleet.at(index).name === arg) return index
    throw new CliError('E_NOT_FOUND', `there is no node "${arg}" in this scenario`)
  }
  switch (name) {
    case 'crash': {
      const index = node()
      if (!world.isUp(index)) return `${arg} is down already`
      world.crash(index)
      return `${arg} has crashed`
    }
    case 'restart': {
      const index = node()
      if (world.isUp(index)) return `${arg} is up already`
      world.restart(index)
      return `${arg} starts again`
    }
    case 'drift': {
      const index = node()
      const resources = Object.keys(world.inspect(index).local.inForce)
      if (resources.length === 0) return `nothing is managed on ${arg} yet`
      world.drift(index, resources)
      return `someone changed what is managed on ${arg}`
    }
    case 'partition': {
      // The region of a node against all others; without one, halves.
      const all = Array.from({ length: world.nodes }, (_, index) => index)
      const region = arg === '' ? undefined : fleet.regionOf(node())
      const cut = all.filter((index) =>
        region === undefined ? index < world.nodes / 2 : fleet.regionOf(index) === region,
      )
      const half = cut.length === world.nodes ? all.filter((index) => index < world.nodes / 2) : cut
      world.partition([half])
      return `${half.length} nodes (${cut === half ? (region ?? 'half') : 'half'}) are cut off from the rest`
    }
    case 'heal':
      world.heal()
      return 'everybody can reach everybody again'
    case 'loss': {
      const lossy = !(lossOf.get(driver) ?? false)
      lossOf.set(driver, lossy)
      world.setLinks({ loss: lossy ? LOSS : 0 })
      return lossy ? `every link loses ${LOSS * 100} % from now on` : 'links lose nothing any more'
    }
    default:
      throw new CliError('E_USAGE', `a simulation has no ${name}`)
  }
}

const lossOf = new WeakMap<Driver, boolean>()
