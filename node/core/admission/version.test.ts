import { expect, it } from 'vitest'
import { isOlder, versionOf } from './version.ts'

it.each([
  ['1.2.3', '1.2.3', false],
  ['1.2.3', '1.10.0', true],
  ['1.10', '1.9.9', false],
  ['2', '1.9', false],
  ['0.1.0-beta', '0.1.0', false],
  ['', '9.9.9', false],
  ['unknown', '9.9.9', false],
])('%s is older than %s: %s', (version, least, older) => {
  expect(isOlder(version, least)).toBe(older)
})

it('reads the version behind the slash', () => {
  expect([versionOf('chorus/1.2.3'), versionOf('chorus')]).toEqual(['1.2.3', ''])
})
