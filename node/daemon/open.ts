import { NodeError } from '../errors.ts'
import type { MeshMembership } from '../join/membership.ts'
import { membership } from '../join/membership.ts'
import type { Config, StateFolder } from '../state/index.ts'
import { openStateFolder } from '../state/index.ts'
import type { BlockStore, Store } from '../store/index.ts'
import { adoptMachine, openBlocks, openStore } from '../store/index.ts'
import type { DaemonOptions } from './types.ts'

/** A node's disk, locked for this process. */
export interface Opened {
  readonly folder: StateFolder
  readonly config: Config
  readonly store: Store
  readonly blocks: BlockStore
  readonly mesh: MeshMembership
  close(): void
}

/** @throws NodeError E_STATE (no node, or no mesh), E_LOCKED, E_CLONED, E_CONFIG, E_STATE_NEWER, E_NO_SPACE, E_STORE_IO */
export async function openNode({ stateDir, config: overrides, moved = false }: DaemonOptions): Promise<Opened> {
  const folder = openStateFolder(stateDir)
  let store: Store | undefined
  try {
    store = openStore({ file: folder.paths.database, machineId: folder.machineId })
    const mesh = membership(store)
    if (mesh === null) {
      throw new NodeError(
        'E_STATE',
        `${stateDir} has a key but belongs to no mesh: run "chorus init NAME" or "chorus join TOKEN".`,
        {
          dir: stateDir,
        },
      )
    }
    if (store.hints.clonedFrom !== null) sameMachine(store, folder, moved)
    const config = { ...folder.config, ...overrides }
    const blocks = await openBlocks(folder.paths.blocks, config.quota)
    const opened = store
    return {
      folder,
      config,
      store,
      blocks,
      mesh,
      close() {
        opened.close()
        folder.close()
      },
    }
  } catch (error) {
    store?.close()
    folder.close()
    throw error
  }
}

/** One key at work on two machines would fork its feed for ever: only the operator can say that the old one is gone. */
function sameMachine(store: Store, folder: StateFolder, moved: boolean): void {
  if (moved && folder.machineId !== null) {
    adoptMachine(store, folder.machineId)
    return
  }
  throw new NodeError(
    'E_CLONED',
    `${folder.dir} was made on another machine: give this one a key of its own with "chorus join TOKEN" (a new invite), or run "chorus up --moved" if the other machine is gone for good.`,
    { dir: folder.dir, machine: store.hints.clonedFrom },
  )
}
