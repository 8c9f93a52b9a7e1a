import { describe, expect, it } from 'vitest'
import { rightsOf } from './rights.ts'

describe('rights', () => {
  const key = 'ab'.repeat(32)
  const charter = {
    grants: [
      { key, verbs: ['publish', 'observe'], policies: ['web/*'] },
      { key: 'cd'.repeat(32), verbs: ['retire'], policies: ['*'] },
    ],
    enrollers: [{ key, labels: {} }],
    roots: { keys: ['ef'.repeat(32)], threshold: 1 },
  }

  it('are those of the own key', () => {
    expect(rightsOf(charter, key).words).toEqual(['publish, observe on web/*', 'enrol nodes'])
    expect(rightsOf(charter, 'ef'.repeat(32)).words).toEqual(['root'])
    expect(rightsOf({}, key).words).toEqual([])
  })
})
