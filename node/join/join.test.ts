import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { buildInvite, decodeEnvelope, emptyLedger, encodeToken, seal } from '../core/index.ts'
import type { Ledger } from '../core/index.ts'
import { createSigner, hasher } from '../crypto.ts'
import { openStateFolder } from '../state/index.ts'
import { openStore } from '../store/index.ts'
import { initMesh } from './init.ts'
import { joinMesh } from './join.ts'
import { membership } from './membership.ts'
import type { InitResult, KeyPair } from './types.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'chorus-join-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

async function init(name = 'a', saved: KeyPair[] = []): Promise<InitResult> {
  const stateDir = join(dir, name)
  const saveRoot = (root: KeyPair): void => void saved.push(root)
  return await initMesh({ stateDir, name: 'prod', nodeName: 'a', labels: { role: 'web' }, saveRoot })
}

/** What a state folder holds, read as its daemon would. */
function stored(
  name: string,
  mesh: string,
): { ledger: Ledger; key: string; seed: Uint8Array; joined: ReturnType<typeof membership> } {
  const folder = openStateFolder(join(dir, name))
  const store = openStore({ file: folder.paths.database, machineId: null })
  try {
    const envelopes = store.load().records.map((bytes) => decodeEnvelope(bytes, hasher))
    const { ledger } = emptyLedger({ mesh, selects: () => true }).add(envelopes)
    return { ledger, key: folder.key, seed: folder.seed, joined: membership(store) }
  } finally {
    store.close()
    folder.close()
  }
}

function tokenFrom(name: string, mesh: string, but: { expires?: number; name?: string } = {}): string {
  const { ledger, key, seed } = stored(name, mesh)
  const inviteSeed = new Uint8Array(32).fill(5)
  const at = Date.now()
  const body = buildInvite(ledger, key, {
    at,
    invite: createSigner(inviteSeed).key,
    labels: { role: 'db' },
    expires: at + 60_000,
    uses: 1,
    name: 'b',
    ...but,
  })
  const invite = seal(body, [createSigner(seed)], hasher)
  const members = [{ key, addrs: ['/ip4/127.0.0.1/tcp/1'] }]
  return encodeToken({ mesh, charter: mesh, invite: invite.bytes, seed: inviteSeed, members })
}

describe('init', () => {
  it('makes a mesh of one: the node is a member, enroller and publisher of everything', async () => {
    const saved: KeyPair[] = []
    const made = await init('a', saved)
    const { ledger, key } = stored('a', made.mesh)
    const role = ledger.roleOf(key)
    expect(ledger.certificateOf(key, Date.now())).toMatchObject({ state: 'member', name: 'a', labels: { role: 'web' } })
    expect(role?.enroller).toHaveLength(1)
    expect(role?.grants[0]?.policies).toEqual(['*'])
    expect(ledger.charters.current?.body.roots.keys).toEqual([made.rootKey])
    expect(createSigner(saved[0]?.seed ?? new Uint8Array(32)).key).toBe(made.rootKey)
    expect(createSigner(made.recovery.seed).key).toBe(made.recovery.key)
  })

  it('keeps everything in the state folder private', async () => {
    await init()
    for (const name of readdirSync(join(dir, 'a'))) {
      const { mode } = statSync(join(dir, 'a', name))
      expect(mode & 0o077 & (name.endsWith('.key') ? 0o777 : 0o022), name).toBe(0)
    }
    expect(statSync(join(dir, 'a')).mode & 0o777).toBe(0o700)
  })

  it('makes no mesh without a safe root key, and none over another', async () => {
    const stateDir = join(dir, 'a')
    const options = { stateDir, name: 'prod', nodeName: 'a', labels: {} }
    await expect(
      initMesh({
        ...options,
        saveRoot: () => {
          throw new Error('no such disk')
        },
      }),
    ).rejects.toThrow('no such disk')
    await init()
    await expect(init()).rejects.toMatchObject({ code: 'E_STATE', message: expect.stringContaining('prod already') })
  })
})

describe('join', () => {
  it('makes a provisional certificate that the mesh accepts, and remembers whom to meet', async () => {
    const { mesh } = await init()
    const made = await joinMesh({ stateDir: join(dir, 'b'), token: tokenFrom('a', mesh) })
    expect(made).toMatchObject({ mesh, name: 'b', labels: { role: 'db' }, rejoined: false })
    const { joined } = stored('b', mesh)
    expect(joined?.join?.members).toHaveLength(1)
    const [invite, provisional] = [joined?.join?.invite, joined?.join?.provisional].map((text) =>
      decodeEnvelope(Buffer.from(text ?? '', 'base64'), hasher),
    )
    const { ledger } = stored('a', mesh)
    if (!invite || !provisional) throw new Error('nothing was stored')
    expect(ledger.add([invite, provisional]).ledger.certificateOf(made.key, Date.now())).toMatchObject({
      state: 'member',
      provisional: true,
      name: 'b',
    })
  })

  it('refuses a token for another mesh, and changes nothing', async () => {
    const { mesh } = await init('a')
    const other = await init('c')
    const token = tokenFrom('c', other.mesh)
    await expect(joinMesh({ stateDir: join(dir, 'a'), token })).rejects.toMatchObject({ code: 'E_WRONG_MESH' })
    expect(stored('a', mesh).joined?.mesh).toBe(mesh)
  })

  it('refuses a token that has expired, or whose invite was tampered with', async () => {
    const { mesh } = await init()
    const stateDir = join(dir, 'b')
    const expired = tokenFrom('a', mesh, { expires: Date.now() - 1 })
    await expect(joinMesh({ stateDir, token: expired })).rejects.toMatchObject({ code: 'E_EXPIRED' })
    const wrongSeed = encodeToken({
      mesh,
      charter: mesh,
      invite: new Uint8Array(3),
      seed: new Uint8Array(32),
      members: [],
    })
    await expect(joinMesh({ stateDir, token: wrongSeed })).rejects.toMatchObject({ code: 'E_TOKEN' })
  })

  it('gives a node that joins its own mesh again a new key', async () => {
    const { mesh } = await init()
    const first = await joinMesh({ stateDir: join(dir, 'b'), token: tokenFrom('a', mesh) })
    const again = await joinMesh({ stateDir: join(dir, 'b'), token: tokenFrom('a', mesh) })
    expect(again.rejoined).toBe(true)
    expect(again.key).not.toBe(first.key)
    expect(stored('b', mesh).key).toBe(again.key)
  })
})
