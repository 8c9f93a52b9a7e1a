import { describe, expect, it } from 'vitest'
import { chorus } from '../../cli-tui/testing/world.ts'

describe('chorus top', () => {
  it('refuses where there is no terminal, and says what to use instead', async () => {
    const { code, err } = await chorus(['top'])
    expect(code).toBe(2)
    expect(err).toContain('E_USAGE: top wants a terminal, and stdin is none')
    expect(err).toContain('chorus status')
  })

  it('refuses a terminal that cannot move its cursor', async () => {
    const { code, err } = await chorus(['top'], { tty: true, env: { TERM: 'dumb' } })
    expect(code).toBe(2)
    expect(err).toContain('TERM is dumb')
  })

  it('has no JSON form', async () => {
    const { code, out } = await chorus(['top', '--json'], { tty: true })
    expect(code).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ kind: 'error', code: 'E_USAGE' })
  })

  it('says that there is no daemon before it takes the screen', async () => {
    const { code, out, err } = await chorus(['top', '--state', '/nonexistent/state'], { tty: true })
    expect(code).toBe(4)
    expect(err).toContain('E_NO_STATE')
    expect(out).toBe('')
  })
})
