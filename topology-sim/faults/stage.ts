import { actorOf, enrollerOf, grantTo, Scene, SCENE_START_MS } from '../../node/core/index.ts'
import type { Actor, Cid, Crypto, Envelope, Key, Labels, LedgerEnv, Tools, Verifier } from '../../node/core/index.ts'
import { SharedReader } from '../lab/shared-reader.ts'

/** What a fault run needs from outside: cryptography (`node/crypto.ts`) and selectors (`policies`). */
export interface StageTools extends Tools {
  readonly verifier: Verifier
  readonly selects: LedgerEnv['selects']
}

/** Nodes that a fleet is taken from; `mal` is a member too, and not honest. */
export const NODE_NAMES = Array.from({ length: 12 }, (_, i) => `n${i + 1}`)
export const MALLORY = 'mal'
/** When runs begin: after everything of the opening scene. */
export const START_MS = SCENE_START_MS + 3_600_000
/** What `rogue` may publish at most. Bytes. */
export const ROGUE_MAX_BLOB = 5000

/** A mesh with its opening records. */
export interface Opening {
  readonly mesh: Cid
  readonly records: readonly Envelope[]
}

/**
 * The people and machines of every fault run, with keys made from their names, and a mesh that they opened: two roots,
 * a recovery key, nodes with certificates, publishers and enrollers with wide and narrow rights. Made once a process:
 * making it costs some 200 signatures.
 */
export class Stage {
  readonly tools: StageTools
  readonly reader: SharedReader
  readonly #actors = new Map<string, Actor>()
  readonly #openings = new Map<number, Opening>()
  readonly #names = new Map<Key, string>()

  constructor(tools: StageTools) {
    this.tools = tools
    this.reader = new SharedReader({
      sha256: (bytes) => tools.hasher.sha256(bytes),
      verify: (key, message, sig) => tools.verifier.verify(key, message, sig),
    })
  }

  actor(name: string): Actor {
    const known = this.#actors.get(name)
    if (known !== undefined) return known
    const actor = actorOf(name, this.tools)
    this.#actors.set(name, actor)
    this.#names.set(actor.key, name)
    return actor
  }

  key(name: string): Key {
    return this.actor(name).key
  }

  nameOf(key: Key): string {
    return this.#names.get(key) ?? key.slice(0, 8)
  }

  crypto(name: string): Crypto {
    const actor = this.actor(name)
    const { hasher, verifier } = this.tools
    return {
      sha256: (bytes) => hasher.sha256(bytes),
      verify: (key, message, sig) => verifier.verify(key, message, sig),
      sign: (message) => actor.sign(message),
    }
  }

  /** @param threshold how many of the two roots sign a charter */
  opening(threshold: number): Opening {
    const known = this.#openings.get(threshold)
    if (known !== undefined) return known
    const opening = this.#open(threshold)
    this.#openings.set(threshold, opening)
    return opening
  }

  #open(threshold: number): Opening {
    const { tools } = this
    const [rootA, rootB] = [this.actor('rootA'), this.actor('rootB')]
    const charter = {
      roots: { keys: [rootA.key, rootB.key], threshold },
      enrollers: [
        enrollerOf(this.key('n1')),
        enrollerOf(this.key('clerk')),
        enrollerOf(this.key('devclerk'), { env: ['dev'], role: ['*'] }),
      ],
      grants: this.#grants(),
    }
    const scene = Scene.open(tools, rootA, this.actor('recovery'), charter, tools.selects, [rootB])
    const first = scene.records[0]
    if (first === undefined) throw new Error('a scene begins with charter 1')
    scene.certify(this.actor('n1'), this.key('n1'), { name: 'n1', labels: labelsOf('n1'), ageRecipient: 'age1n1' })
    for (const name of [...NODE_NAMES.slice(1), MALLORY]) {
      const inviteKey = this.actor(`invite ${name}`)
      const invite = scene.invite(this.actor('n1'), inviteKey, { name, labels: labelsOf(name) })
      scene.join(this.actor(name), invite, inviteKey)
      scene.certify(this.actor('n1'), this.key(name))
    }
    return { mesh: first.id, records: scene.records }
  }

  #grants() {
    return [
      grantTo(this.key('n1'), { name: 'n1' }),
      grantTo(this.key('n2'), { name: 'n2', policies: ['web/*'] }),
      grantTo(this.key('ci'), { name: 'ci', policies: ['app/*'] }),
      grantTo(this.key('rogue'), {
        name: 'rogue',
        policies: ['dev/*'],
        verbs: ['publish'],
        selector: "labels.env == 'dev'",
        maxBlob: ROGUE_MAX_BLOB,
      }),
      grantTo(this.key('quiet'), { name: 'quiet', policies: ['quiet/*'] }),
      grantTo(this.key('temp'), { name: 'temp', policies: ['tmp/*'], expires: SCENE_START_MS }),
    ]
  }
}

/** Every second node is of `dev`; roles take turns. */
export function labelsOf(name: string): Labels {
  const number = Number(name.slice(1)) || 0
  return { env: number % 2 === 0 ? 'prod' : 'dev', role: number % 3 === 0 ? 'db' : 'web' }
}
