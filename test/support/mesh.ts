import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeEnvelope, emptyLedger, nextCharter, seal } from '../../node/core/index.ts'
import type { Charter, CharterChanges, Envelope, Grant, Ledger, Signer } from '../../node/core/index.ts'
import type { Published } from '../../node/control/index.ts'
import { rolloutFor } from '../../policies/index.ts'
import { createSigner, hasher, initMesh, joinMesh } from '../../node/index.ts'
import type { Config } from '../../node/index.ts'
import { TestNode } from './node.ts'
import { filePolicy } from './policy.ts'
import type { BuiltPolicy } from './policy.ts'
import { freePort } from './proxy.ts'
import { until } from './until.ts'

export interface AddOptions {
  readonly labels?: Readonly<Record<string, string>>
  /** Who invites and whose address is in the token. @default the first node */
  readonly via?: TestNode
  /** Listens nowhere. */
  readonly outbound?: boolean
  /** @default a free one */
  readonly port?: number
  readonly config?: Partial<Config>
}

/** Quiet on loopback: found by address and by gossip alone. */
const CONFIG: Partial<Config> = { mdns: false, dht: false }

/** A mesh of real daemons in a temporary folder. `close` ends every process that it started. */
export class TestMesh {
  readonly dir: string
  readonly nodes: TestNode[] = []
  root: Signer
  readonly recovery: Signer
  readonly #config: Partial<Config>

  private constructor(dir: string, root: Signer, recovery: Signer, config: Partial<Config>) {
    this.dir = dir
    this.root = root
    this.recovery = recovery
    this.#config = config
  }

  /** One node, running: n1, which may invite and publish everything. `own`: settings of n1 alone. */
  static async create(config: Partial<Config> = {}, at?: number, own: Partial<Config> = {}): Promise<TestMesh> {
    const dir = mkdtempSync(join(tmpdir(), 'chorus-mesh-'))
    const port = at ?? (await freePort())
    const stateDir = join(dir, 'n1')
    let rootSeed: Uint8Array = new Uint8Array(32)
    const made = await initMesh({
      stateDir,
      name: 'test',
      nodeName: 'n1',
      labels: {},
      saveRoot: ({ seed }) => {
        rootSeed = seed
      },
    })
    const mesh = new TestMesh(dir, createSigner(rootSeed), createSigner(made.recovery.seed), { ...CONFIG, ...config })
    const first = new TestNode({ name: 'n1', dir: stateDir, key: made.key, id: made.id, port })
    first.configure({ ...mesh.#config, listen: [`/ip4/127.0.0.1/tcp/${port}`], ...own })
    mesh.nodes.push(first)
    await first.start()
    return mesh
  }

  /** A mesh of `count` nodes, all running and members. */
  static async of(count: number, config: Partial<Config> = {}): Promise<TestMesh> {
    const mesh = await TestMesh.create(config)
    try {
      for (let i = 2; i <= count; i++) await mesh.prepare(`n${i}`)
      // In pairs: a start is half a second of CPU, and there are two cores.
      for (let i = 1; i < count; i += 2) await Promise.all(mesh.nodes.slice(i, i + 2).map((node) => node.start()))
      await mesh.meet()
      return mesh
    } catch (error) {
      await mesh.close()
      throw error
    }
  }

  node(n: number): TestNode {
    const found = this.nodes[n - 1]
    if (!found) throw new Error(`there is no node ${n}`)
    return found
  }

  /** Joins a node without starting it. */
  async prepare(name: string, options: AddOptions = {}): Promise<TestNode> {
    const via = options.via ?? this.node(1)
    const { token } = await via.client.invite({ name, labels: { ...options.labels } })
    return await this.join(name, token, options)
  }

  async join(name: string, token: string, options: AddOptions = {}): Promise<TestNode> {
    const stateDir = join(this.dir, name)
    const port = options.outbound === true ? null : (options.port ?? (await freePort()))
    const made = await joinMesh({ stateDir, token })
    const node = new TestNode({ name, dir: stateDir, key: made.key, id: made.id, port })
    const listen = port === null ? [] : [`/ip4/127.0.0.1/tcp/${port}`]
    node.configure({ ...this.#config, listen, ...options.config })
    this.nodes.push(node)
    return node
  }

  /** The node's folder with a new key (it must not run); it takes the node's place. */
  async rejoin(node: TestNode, token: string): Promise<TestNode> {
    const made = await joinMesh({ stateDir: node.dir, token })
    const again = new TestNode({ ...node.identity, name: made.name, key: made.key, id: made.id })
    this.nodes.splice(this.nodes.indexOf(node), 1, again)
    return again
  }

  /** A copy of the folder of a node that does not run, as a second machine would have it, with a port of its own. */
  async copyOf(node: TestNode, name: string): Promise<TestNode> {
    const dir = join(this.dir, name)
    cpSync(node.dir, dir, { recursive: true })
    const port = await freePort()
    const copy = new TestNode({ ...node.identity, name, dir, port })
    copy.configure({ ...this.#config, listen: [`/ip4/127.0.0.1/tcp/${port}`] })
    this.nodes.push(copy)
    return copy
  }

  async add(name: string, options: AddOptions = {}): Promise<TestNode> {
    const node = await this.prepare(name, options)
    await node.start()
    return node
  }

  get running(): TestNode[] {
    return this.nodes.filter((node) => node.running)
  }

  /** Waits until every running node is a confirmed member with a neighbour, and all hold the same ledger. */
  async meet(timeoutMs = 60_000): Promise<void> {
    await until(
      this.running,
      'everyone is confirmed, connected and agrees',
      async () => {
        const all = await Promise.all(this.running.map((node) => node.status()))
        const joined = all.every(({ node, peers }) => !node.provisional && (peers.length > 0 || all.length === 1))
        return joined && new Set(all.map(({ ledger }) => ledger.digest)).size === 1
      },
      timeoutMs,
    )
  }

  /** Waits until every running node has heard from all others, and so knows where to find them. */
  async acquainted(timeoutMs = 60_000): Promise<void> {
    await until(
      this.running,
      'everyone has heard from everyone',
      async () => {
        const all = await Promise.all(this.running.map((node) => node.client.nodes()))
        return all.every(({ nodes }) => nodes.every((row) => row.self || row.ageMs !== null))
      },
      timeoutMs,
    )
  }

  /** Where policies of `filePolicy` put their files. */
  get out(): string {
    const out = join(this.dir, 'out')
    mkdirSync(out, { recursive: true })
    return out
  }

  contentOn(node: TestNode, policy: string): string | undefined {
    try {
      return readFileSync(join(this.out, node.name, policy.replaceAll('/', '-')), 'utf8')
    } catch {
      return undefined
    }
  }

  async publish(
    node: TestNode,
    built: BuiltPolicy,
    options: { local?: boolean; timeoutMs?: number } = {},
  ): Promise<Published> {
    await node.client.putBlocks(rootFirst(built))
    return await node.client.publish({
      policy: built.policy.policy,
      action: 'apply',
      selector: built.policy.select,
      rollout: rolloutFor(built.policy),
      bundle: { cid: built.bundle.root.cid, size: built.bundle.size },
      uses: [...built.uses],
      meta: { by: 'test', message: '', repo: '', commit: '', dirty: false },
      ...options,
    })
  }

  async publishFile(
    node: TestNode,
    policy: string,
    content: string,
    options: { local?: boolean } = {},
  ): Promise<Published> {
    return await this.publish(node, filePolicy(policy, this.out, content), options)
  }

  /** Waits until every one of `nodes` runs `version` in good health and its file says `content`. */
  async converged(
    nodes: readonly TestNode[],
    policy: string,
    version: string,
    content: string,
    timeoutMs = 30_000,
  ): Promise<void> {
    await until(
      nodes,
      `${nodes.map(({ name }) => name).join(' ')} run ${policy} ${version}`,
      async () => {
        for (const node of nodes) {
          const { policies } = await node.status()
          const at = policies.find((one) => one.policy === policy)
          if (at?.inForce !== version || at.state !== 'ok') return false
          if (this.contentOn(node, policy) !== content) return false
        }
        return true
      },
      timeoutMs,
    )
  }

  /** The ledger as `node` holds it. */
  async ledger(node: TestNode): Promise<Ledger> {
    const { mesh } = await node.status()
    const envelopes: Envelope[] = []
    for await (const { bytes } of node.client.records()) envelopes.push(decodeEnvelope(bytes, hasher))
    return emptyLedger({ mesh, selects: () => true }).add(envelopes).ledger
  }

  /** Signs the next charter with the root (or recovery) key and hands it to `node`. */
  async charter(changes: Omit<CharterChanges, 'issuedAt'>, node: TestNode = this.node(1)): Promise<string> {
    const signer = changes.by === 'recovery' ? this.recovery : this.root
    const body: Charter = nextCharter(await this.ledger(node), { ...changes, issuedAt: Date.now() })
    const { id } = await node.client.submit(seal(body, [signer], hasher).bytes)
    return id
  }

  /** Adds a grant line for `who` to what is in force. */
  async grant(
    who: TestNode,
    policies: readonly string[],
    but: Partial<Grant> = {},
    node: TestNode = this.node(1),
  ): Promise<string> {
    const grants = (await this.ledger(node)).charters.current?.body.grants ?? []
    const line: Grant = {
      key: who.key,
      name: who.name,
      policies,
      verbs: ['publish', 'retire'],
      selector: 'true',
      maxBlob: 2 ** 30,
      rate: 3600,
      ...but,
    }
    return await this.charter({ grants: [...grants, line] }, node)
  }

  /** Ends every process of this mesh, and removes its folders unless a test failed and wants them. */
  async close(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
    if (process.env['CHORUS_KEEP'] !== '1') rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** The blocks of a bundle in the order in which a daemon takes them. */
export function rootFirst({ bundle }: BuiltPolicy): Iterable<{ cid: string; bytes: Uint8Array }> {
  return [bundle.root, ...[...bundle.blocks].filter(({ cid }) => cid !== bundle.root.cid)]
}
