import { expect, it } from 'vitest'
import { tellRun } from './tell-run.ts'

it('What is only seen is not told as done', () => {
  const outcomes = [{ policy: 'p', key: 'file/a', state: 'changed', cause: 'wanted', reason: 'new file' } as const]
  const told = (handsOff: string | null): string[] => {
    const said: string[] = []
    const report = { why: 'wanted', outcomes, changed: true, converged: true, ms: 1, handsOff } as const
    tellRun({ emit: ({ message }) => void said.push(message) }, report)
    return said
  }
  expect(told(null)).toEqual(['Run (wanted): 1 changed.', 'p file/a: changed: new file'])
  expect(told('observe')).toEqual([
    'Run (wanted, observe: nothing changed): 1 would be changed.',
    'p file/a: would be changed: new file',
  ])
})
