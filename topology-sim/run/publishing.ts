import type { Stage } from './stage.ts'

/** What publishers do, and thieves with their keys: where they hand it in, and from which backup. */

export function publisherOf({ scenario }: Stage, by: string | undefined): string {
  return by ?? Object.keys(scenario.publishers)[0] ?? ''
}

/** The node at which a publisher hands in what it signed: the first of its region that is up. */
export function gatewayOf({ fleet, world, scenario }: Stage, by: string): number | undefined {
  const region = scenario.publishers[by]?.region
  for (let node = 0; node < fleet.size; node++)
    if (world.isUp(node) && (region === undefined || fleet.regionOf(node) === region)) return node
  return undefined
}

export function publish(
  stage: Stage,
  name: string,
  who: string | undefined,
  thief: boolean,
  from: number | undefined,
): void {
  const by = publisherOf(stage, who)
  const bundle = stage.bundles.get(name)
  const via = from ?? gatewayOf(stage, by)
  const whom = thief ? `the thief, as ${by},` : by
  if (bundle === undefined || via === undefined)
    return stage.say('publish', `${whom} could not publish ${name}: no node is up`)
  stage.published(stage.world.publishAs(by, via, bundle), { name, bundle: bundle.cid, by, thief })
  stage.say('publish', `${whom} publishes ${bundle.policy} at ${stage.world.nameOf(via)}`)
}

const backupOf = (publisher: string, atMs: number): string => `${publisher} ${atMs}`

/** Remembers what the machines of publishers know at the times of their backups. */
export function keepBackups(stage: Stage): void {
  for (const event of stage.scenario.events) {
    if (event.kind !== 'restore-publisher') continue
    stage.world.at(event.more.from, () => {
      const via = gatewayOf(stage, event.what)
      const ledger = via === undefined ? undefined : stage.world.engine(via)?.view.ledger
      if (ledger !== undefined) stage.backups.set(backupOf(event.what, event.more.from), ledger)
    })
  }
}

/** The publisher goes on where the backup was made: with a number in its feed that it has used before. */
export function restore(stage: Stage, by: string, fromMs: number, name: string): void {
  const { world } = stage
  const ledger = stage.backups.get(backupOf(by, fromMs))
  const bundle = stage.bundles.get(name)
  const via = gatewayOf(stage, by)
  if (ledger === undefined || bundle === undefined || via === undefined)
    return stage.say('restore-publisher', `${by} could not be restored: no node is up`)
  stage.published(world.publishAs(by, via, bundle, ledger), { name, bundle: bundle.cid, by, thief: false })
  stage.say('restore-publisher', `${by} is restored as of ${fromMs / 1000} s and publishes ${bundle.policy} again`)
}
