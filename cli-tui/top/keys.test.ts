import { describe, expect, it } from 'vitest'
import { actFor, duplicateKeys, keyNames, KEYS, keysOn } from './keys.ts'
import type { InkKey } from './keys.ts'
import { SCREENS } from './ui.ts'

const NONE: InkKey = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageUp: false,
  pageDown: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
}

describe('the table of keys', () => {
  it('gives no key two meanings on one screen', () => {
    expect(duplicateKeys(KEYS, SCREENS)).toEqual([])
  })

  it('would find one', () => {
    const twice = [...KEYS, { keys: ['q'], act: 'sort', what: '', hint: '', on: ['nodes'] } as const]
    expect(duplicateKeys(twice, SCREENS)).toEqual(['q on nodes'])
  })

  it('lets every screen be left and explained', () => {
    for (const screen of SCREENS) {
      expect(actFor('q', screen)).toBe('quit')
      expect(actFor('?', screen)).toBe('help')
      expect(keysOn(screen).length).toBeGreaterThan(8)
    }
  })

  it('knows a key only where it works', () => {
    expect(actFor('e', 'nodes')).toBe('problems')
    expect(actFor('e', 'policies')).toBeUndefined()
  })
})

describe('names of keys', () => {
  it('names what Ink tells', () => {
    expect(keyNames('', { ...NONE, upArrow: true })).toEqual(['up'])
    expect(keyNames('c', { ...NONE, ctrl: true })).toEqual(['ctrl+c'])
    expect(keyNames('', { ...NONE, tab: true, shift: true })).toEqual(['shift+tab'])
    expect(keyNames(' ', NONE)).toEqual(['space'])
  })

  it('takes a text that came at once apart, without its control characters', () => {
    expect(keyNames('jj\u0007k', NONE)).toEqual(['j', 'j', 'k'])
  })
})
