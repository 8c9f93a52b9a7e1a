import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBundle, compile, memorySource, RESOURCE_TYPES, usesOf } from '../../../policies/index.ts'
import type { ExecOptions, ExecResult } from '../../../policies/index.ts'
import { MemoryHost } from '../../../policies/testing/memory-host.ts'
import type { AppliedPolicy, Input, PolicyToApply } from '../../core/index.ts'
import { NodeError } from '../../errors.ts'
import type { Meta } from '../../store/index.ts'
import { Bundles } from '../bundles.ts'
import { PeerConfirmation } from '../confirm.ts'
import { Converger } from '../converger.ts'
import { RunMarks } from '../health-marks.ts'
import { RunMemory } from '../memory.ts'
import { DriftWatch } from '../watch.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()

/** Runs of a daemon on a host in memory, with neighbours that answer or not. */
export class RunsRig {
  readonly dir = mkdtempSync(join(tmpdir(), 'chorus-run-'))
  readonly commands: string[] = []
  readonly said: string[] = []
  /** What a command ends with; 0 for all others. */
  exec: (argv: readonly string[], options: ExecOptions) => Partial<ExecResult> = () => ({})
  /** Whether neighbours answer; null: there are none. */
  answers: (() => boolean | Promise<boolean>) | null = null
  readonly host = new MemoryHost({
    sha256,
    now: () => Date.now(),
    exec: (argv, options) => {
      this.commands.push(argv.join(' '))
      return this.exec(argv, options)
    },
  })
  readonly #blocks = new Map<string, Uint8Array>()
  readonly #meta: Meta
  #inputs: Input[] = []
  #converger: Converger
  #run = 0

  constructor() {
    const values = new Map<string, unknown>()
    this.#meta = {
      get: (name) => values.get(name),
      // As the store does: what is kept is a copy.
      set: (name, value) => void values.set(name, structuredClone(value)),
    }
    this.host.mkdir('/etc', { mode: 0o755, uid: 0, gid: 0 })
    this.#converger = this.#start()
  }

  /** As after a kill of the daemon: the host, the store and the journal are what they were. */
  restart(): void {
    this.#converger = this.#start()
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true })
  }

  text(path: string): string | undefined {
    const thing = this.host.tree.things.get(path)
    return thing === undefined ? undefined : new TextDecoder().decode(thing.bytes)
  }

  put(path: string, text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.host.tree.put(path, { kind: 'file', mode: 0o644, uid: 0, gid: 0, bytes, target: '' })
  }

  /** Compiles a policy and puts its bundle into the store. */
  policy(yaml: string): PolicyToApply {
    const compiled = compile(memorySource({ 'policy.yaml': yaml }), { types: RESOURCE_TYPES })
    if (!compiled.policy) throw new Error(JSON.stringify(compiled.diagnostics))
    const bundle = buildBundle(compiled.policy, compiled.files, sha256)
    for (const { cid, bytes } of bundle.blocks) this.#blocks.set(cid, bytes)
    return {
      policy: compiled.policy.policy,
      version: `v-${bundle.root.cid}`,
      seq: 1,
      bundle: { cid: bundle.root.cid, size: bundle.size },
      uses: usesOf(compiled.policy),
      types: null,
      paths: null,
    }
  }

  /** One run to its end. */
  async apply(policies: readonly PolicyToApply[], removed: readonly string[] = []): Promise<readonly AppliedPolicy[]> {
    const run = ++this.#run
    this.#converger.apply({ type: 'apply', run, why: 'wanted', policies, removed, missing: [] })
    for (;;) {
      const answer = this.#inputs.find((input) => input.type === 'applied' && input.run === run)
      if (answer?.type === 'applied') return answer.policies
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  #start(): Converger {
    this.#inputs = []
    const read = async (cid: string): Promise<Uint8Array> => {
      const bytes = this.#blocks.get(cid)
      if (!bytes) throw new NodeError('E_NOT_FOUND', `no ${cid}`)
      return bytes
    }
    const net = {
      peers: () => (this.answers === null ? [] : [{ key: 'p1', up: true }]),
      probe: async () => this.answers?.() ?? null,
      heard: () => 0,
    }
    return new Converger({
      bundles: new Bundles({
        has: async (cid) => this.#blocks.has(cid),
        read,
        async *readChunks(chunks) {
          for (const cid of chunks) yield await read(cid)
        },
      }),
      secrets: { of: async () => ({ provider: () => 'waiting', mark: '', values: new Map() }) },
      host: this.host,
      memory: new RunMemory(this.#meta, this.dir),
      marks: new RunMarks(this.#meta),
      watch: new DriftWatch(() => undefined),
      feed: (input) => this.#inputs.push(input),
      context: () => ({ labels: {}, facts: {}, node: { name: 'n1', id: 'id' } }),
      handsOff: () => null,
      confirmation: new PeerConfirmation(net, { waitMs: 10, settleMs: 1 }),
      tell: (_level, message) => this.said.push(message),
      onRun: () => undefined,
    })
  }
}
