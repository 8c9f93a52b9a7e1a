import { buildVersion, DEFAULT_SETTINGS, dumpLedger, emptyLedger, idOf, seal } from '../../node/core/index.ts'
import type {
  Body,
  Cid,
  Command,
  EngineSettings,
  Envelope,
  Key,
  Ledger,
  NewVersion,
  Version,
} from '../../node/core/index.ts'
import { Random } from '../kernel/random.ts'
import { Lab } from '../lab/lab.ts'
import type { Disk, LabNode } from '../lab/lab-node.ts'
import type { FaultScenario } from './scenario.ts'
import { MALLORY, NODE_NAMES, START_MS } from './stage.ts'
import type { Stage } from './stage.ts'
import { Truth } from './truth.ts'

/** A fleet in trouble: the lab, what the outside world knows, and helpers that events are made of. */
export class Ordeal {
  readonly stage: Stage
  readonly scenario: FaultScenario
  readonly truth = new Truth()
  readonly lab: Lab
  /** For choices inside events; draws of one event do not move those of another (`purpose`). */
  readonly random: Random
  /** The operator outside the mesh: holds root, recovery and publishing keys, learns from nodes. */
  operator: Ledger
  /** Who signs charters now. */
  roots: readonly string[]
  /** What disks held when a backup was made. */
  readonly backups = new Map<string, Disk>()
  /** Strangers and machines that must not get in: they run engines, and nobody asks them to converge. */
  readonly intruders = new Set<string>()
  /** Of those, who dials nobody. */
  readonly loners = new Set<string>()
  /** Records that mallory smuggles into answers. */
  readonly smuggled: Uint8Array[] = []
  #refs = 1
  #texts = 1

  constructor(stage: Stage, scenario: FaultScenario) {
    this.stage = stage
    this.scenario = scenario
    this.random = new Random(scenario.seed, 'ordeal')
    const opening = stage.opening(scenario.threshold)
    const { hasher, selects } = stage.tools
    this.lab = new Lab({
      seed: scenario.seed,
      mesh: opening.mesh,
      hasher,
      selects,
      reader: stage.reader,
      settings: { gossip: scenario.gossip, events: 'info' },
      startMs: START_MS,
    })
    this.operator = emptyLedger({ mesh: opening.mesh, selects }).add(opening.records).ledger
    this.roots = scenario.threshold === 1 ? ['rootA'] : ['rootA', 'rootB']
    for (const { key, policies } of opening.records[0]?.body.type === 'charter' ? grantsOf(opening.records[0]) : []) {
      this.truth.rights.push({ key, policies })
    }
    const names = NODE_NAMES.slice(0, scenario.nodes)
    for (const name of names) this.addNode(name, opening.records)
    if (scenario.mallory) this.addNode(MALLORY, opening.records)
    for (const [at, name] of [...names, ...(scenario.mallory ? [MALLORY] : [])].entries()) {
      if (at === 0) continue
      for (let i = 0; i < 3; i++) {
        const other = names[this.random.below(Math.min(at, names.length))] ?? 'n1'
        this.lab.later(1, () => this.lab.connect(name, other))
      }
    }
  }

  // Nodes

  addNode(name: string, records: readonly Envelope[], but: Partial<EngineSettings> = {}, key = name): LabNode {
    const disk = { records: new Map(records.map((r) => [r.id, r.bytes])), local: null, bundles: new Set<Cid>() }
    return this.addWithDisk(name, disk, but, key)
  }

  addWithDisk(name: string, disk: Disk, but: Partial<EngineSettings> = {}, key = name): LabNode {
    // Whom its token named: so a machine that lost its disk finds its way back.
    const trusted = ['n1', 'n2', 'n3'].filter((other) => other !== key).map((other) => this.stage.key(other))
    const settings = { ...DEFAULT_SETTINGS, gossip: this.scenario.gossip, trusted, ...but }
    return this.lab.add(name, this.stage.crypto(key), this.stage.key(key), { settings, disk })
  }

  isHonest(node: LabNode): boolean {
    return node.name !== MALLORY && !this.intruders.has(node.name)
  }

  /** A node's ledger as text, at one time for all. */
  dump(node: LabNode): string {
    return dumpLedger(node.engine.view.ledger, this.nowMs)
  }

  /** Nodes of which everything is asked: neither malicious nor uninvited. */
  honest(): LabNode[] {
    return [...this.lab.nodes.values()].filter((node) => this.isHonest(node))
  }

  up(): LabNode[] {
    return this.honest().filter((node) => node.up)
  }

  /** One of those that are up; undefined if none is. */
  any(n: number): LabNode | undefined {
    return pick(this.up(), n)
  }

  mallory(): LabNode | undefined {
    const node = this.lab.nodes.get(MALLORY)
    return node?.up === true ? node : undefined
  }

  /** Daemons redial by themselves: everyone who has few neighbours tries some others. */
  rewire(least = 3): void {
    const all = [...this.lab.nodes.values()].filter((node) => node.up && !this.loners.has(node.name))
    for (const node of all) {
      for (let i = 0; i < 4 && node.neighbours.size < Math.min(least, all.length - 1); i++) {
        const other = pick(all, this.random.below(2 ** 16))
        if (other !== undefined && other !== node) this.lab.connect(node.name, other.name)
      }
    }
  }

  // What people do

  command(node: LabNode, command: Command): void {
    node.feed({ type: 'command', ref: this.#refs++, command })
  }

  /** Hands in what was signed elsewhere, as the control socket does. */
  submit(node: LabNode, envelope: { readonly bytes: Uint8Array }): void {
    node.feed({ type: 'record', via: 'local', from: null, bytes: envelope.bytes, ref: -1 })
  }

  sign<B extends Body>(body: B, ...names: readonly string[]): Envelope<B> {
    return seal(
      body,
      names.map((name) => this.stage.actor(name)),
      this.stage.tools.hasher,
    )
  }

  /** Signs what the operator says, who remembers it, and hands it to a node. */
  announce(node: LabNode, body: Body, ...names: readonly string[]): Envelope {
    const envelope = this.sign(body, ...names)
    this.operator = this.operator.add([envelope]).ledger
    this.insist(node, envelope)
    return envelope
  }

  /** Hands it in until two disks hold it: what the law says is not forgotten with the machine that it was told to. */
  insist(node: LabNode | undefined, envelope: Envelope, turn = 0): void {
    if (node?.up === true) this.submit(node, envelope)
    const holders = this.honest().filter((one) => one.options.disk.records.has(envelope.id))
    if (holders.length < 2) this.lab.later(1_500, () => this.insist(this.any(turn), envelope, turn + 1))
  }

  /** A version by a key that is no node's, as its owner would build it from what `node` knows. */
  versionBy(name: string, node: LabNode, policy: string, but: Partial<NewVersion> = {}): Version {
    const bundle = this.bundle(node)
    return buildVersion(node.engine.view.ledger, this.stage.key(name), {
      at: this.nowMs,
      policy,
      action: 'apply',
      selector: 'true',
      bundle,
      uses: ['file'],
      meta: { by: name, message: '', repo: '', commit: '', dirty: false },
      ...but,
    })
  }

  /** A bundle that nobody has seen, on this node's disk. */
  bundle(node: LabNode): { readonly cid: Cid; readonly size: number } {
    const cid = this.phantom()
    node.options.disk.bundles.add(cid)
    node.feed({ type: 'blobStored', cid, size: 1000 })
    return { cid, size: 1000 }
  }

  /** An id that belongs to nothing. */
  phantom(): Cid {
    const text = `${this.scenario.seed} thing ${this.#texts++}`
    return idOf(new TextEncoder().encode(text), this.stage.tools.hasher)
  }

  /** The operator reads all that a node knows. */
  learn(node: LabNode): Ledger {
    this.operator = this.operator.add([...node.engine.view.ledger.records()]).ledger
    return this.operator
  }

  /** Would this disk's end be the end of something that was acknowledged? */
  isLastCopy(node: LabNode): boolean {
    const others = this.honest().filter((other) => other !== node)
    return [...this.truth.acked.keys()].some(
      (id) => node.options.disk.records.has(id) && !others.some((other) => other.options.disk.records.has(id)),
    )
  }

  get nowMs(): number {
    return this.lab.nowMs
  }

  keyOf(name: string): Key {
    return this.stage.key(name)
  }
}

export function pick<T>(list: readonly T[], n: number): T | undefined {
  return list.length === 0 ? undefined : list[n % list.length]
}

function grantsOf(charter: Envelope): readonly { readonly key: Key; readonly policies: readonly string[] }[] {
  return 'grants' in charter.body ? charter.body.grants : []
}
