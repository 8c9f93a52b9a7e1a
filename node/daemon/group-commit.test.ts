import { describe, expect, it } from 'vitest'
import type { Envelope, Input } from '../core/index.ts'
import { NodeError } from '../errors.ts'
import type { PersistBatch, Store } from '../store/index.ts'
import { GroupCommit, merged } from './group-commit.ts'

const record = (id: string): Envelope => ({ id, bytes: new TextEncoder().encode(id) }) as unknown as Envelope
const batch = (n: number, add: string[], drop: string[] = [], local: object | null = null) =>
  ({ type: 'persist', batch: n, records: add.map(record), drop, local }) as Parameters<typeof merged>[0][number]

function committing(persist: (batch: PersistBatch) => void): { group: GroupCommit; inputs: Input[]; fatal: Error[] } {
  const inputs: Input[] = []
  const fatal: Error[] = []
  const store = { persist } as Pick<Store, 'persist'> as Store
  const group = new GroupCommit(
    store,
    (input) => inputs.push(input),
    (error) => fatal.push(error),
  )
  return { group, inputs, fatal }
}

describe('group commit', () => {
  it('merges batches to what they would do one after the other', () => {
    const all = merged([batch(1, ['a', 'b']), batch(2, ['c'], ['a'], { v: 1 }), batch(3, ['a'], ['b'])])
    expect(all.records.map(({ id }) => id)).toEqual(['c', 'a'])
    expect(all.drop).toEqual(['b'])
    expect(all.local).toEqual({ v: 1 })
  })

  it('writes everything of one turn at once, then answers for each batch', async () => {
    const written: PersistBatch[] = []
    const { group, inputs } = committing((all) => written.push(all))
    group.add(batch(1, ['a']))
    group.add(batch(2, ['b']))
    expect(written).toEqual([])
    await new Promise((resolve) => setImmediate(resolve))
    expect(written.map(({ records }) => records.length)).toEqual([2])
    expect(inputs).toEqual([
      { type: 'persisted', batch: 1 },
      { type: 'persisted', batch: 2 },
    ])
  })

  it('says of a full disk that nothing was stored, and of a broken one that all must end', () => {
    const full = committing(() => {
      throw new NodeError('E_NO_SPACE', 'full')
    })
    full.group.add(batch(1, ['a']))
    full.group.flush()
    expect(full.inputs).toEqual([{ type: 'persistFailed', batch: 1, code: 'E_NO_SPACE' }])
    expect(full.fatal).toEqual([])

    const broken = committing(() => {
      throw new NodeError('E_STORE_IO', 'fsync failed')
    })
    broken.group.add(batch(1, ['a']))
    broken.group.flush()
    expect(broken.inputs).toEqual([])
    expect(broken.fatal).toHaveLength(1)
  })
})
