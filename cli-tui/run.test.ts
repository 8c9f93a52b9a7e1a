import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CLI_ERRORS } from './errors.ts'
import { TABLE } from './table/index.ts'
import { chorus } from './testing/world.ts'

describe('the command line', () => {
  it('prints the overview with every command when nothing is asked', async () => {
    const { code, out, err } = await chorus([])
    expect([code, err]).toEqual([0, ''])
    const words = out.replaceAll(/\s+/g, ' ')
    for (const { name, summary } of TABLE) {
      expect(out).toContain(name)
      expect(words).toContain(summary)
    }
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  it.each(TABLE.map((spec) => [spec.name, spec] as const))(
    '%s has help with its options and examples that parse',
    async (name, spec) => {
      const { code, out } = await chorus([...name.split(' '), '--help'])
      expect(code).toBe(0)
      for (const option of spec.options ?? []) expect(out).toContain(option.flags.split(' ')[0])
      expect(spec.examples.length).toBeGreaterThan(0)
      for (const [line] of spec.examples) expect(line.startsWith(name.replace(/ show$/, ''))).toBe(true)
      expect((await chorus(['help', ...name.split(' ')])).out).toBe(out)
    },
  )

  it.each(TABLE.map((spec) => [spec.name, spec] as const))('%s loads', async (_name, spec) => {
    expect(typeof (await spec.load()).run).toBe('function')
  })

  it('has unique names, and long options without a second meaning of --json and --state', () => {
    const names = TABLE.map((spec) => spec.name)
    expect(new Set(names).size).toBe(names.length)
    for (const spec of TABLE) {
      const flags = (spec.options ?? []).map((option) => /--[a-z-]+/.exec(option.flags)?.[0])
      expect(new Set(flags).size).toBe(flags.length)
      expect(flags).not.toContain('--json')
      expect(flags).not.toContain('--state')
    }
  })

  it.each([
    [['statsu'], 'unknown command "statsu"; did you mean "status"?'],
    [['publish', 'x', '--wiat'], 'unknown option "--wiat"; did you mean "--wait"?'],
    [['charter', 'rotat'], 'unknown command "charter rotat"; did you mean "rotate"?'],
    [['charter', 'enroller'], 'a command is missing after "charter enroller"'],
    [['hold'], 'missing required argument "REASON"'],
    [['status', 'extra'], 'too many arguments'],
    [['up', '--log-level', 'loud'], 'Allowed choices are debug, info, warn, error'],
    [['invite', '--uses', '0'], '--uses wants a whole number of at least 1, not "0"'],
    [['hold', 'x', '--for', '2'], '--for wants a duration such as 30s, 5m, 2h or 1d, not "2"'],
    [['completion', 'bsh'], 'there is no completion for "bsh"; did you mean "bash"?'],
  ])('%j is a usage error that says what to do', async (argv, message) => {
    const { code, out, err } = await chorus([...argv, '--state', '/tmp'])
    expect(code).toBe(2)
    expect(out).toBe('')
    expect(err).toContain('chorus: E_USAGE: ')
    expect(err).toContain(message)
    expect(err).not.toMatch(/\n {4}at /)
  })

  it('exits 4 where no daemon can be, and says how to get one', async () => {
    const { code, out, err } = await chorus(['status', '--state', '/nonexistent/chorus'])
    expect([code, out]).toEqual([4, ''])
    expect(err).toContain('chorus: E_NO_STATE: there is no node in /nonexistent/chorus')
    expect(err).toContain('chorus init NAME')
  })

  it('exits 4 when the node is there and its daemon is not', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'chorus-run-'))
    writeFileSync(join(dir, 'node.key'), '')
    const { code, err } = await chorus(['status', '--state', dir])
    rmSync(dir, { recursive: true })
    expect(code).toBe(4)
    expect(err).toContain('chorus: E_NO_DAEMON: ')
  })

  it('gives errors as JSON on stdout with --json, wherever it stands', async () => {
    for (const argv of [
      ['--json', 'status'],
      ['status', '--json'],
    ]) {
      const { code, out } = await chorus([...argv, '--state', '/nonexistent/chorus'])
      expect(code).toBe(4)
      expect(JSON.parse(out)).toMatchObject({ v: 1, kind: 'error', code: 'E_NO_STATE' })
    }
  })

  it('takes --state before and after the command, and from the environment', async () => {
    for (const ran of [
      await chorus(['--state', '/nonexistent/a', 'log']),
      await chorus(['log', '--state=/nonexistent/a']),
      await chorus(['log'], { env: { CHORUS_STATE: '/nonexistent/a' } }),
    ]) {
      expect(ran.err).toContain('/nonexistent/a')
    }
  })

  it('colours errors on a terminal, and never with NO_COLOR', async () => {
    expect((await chorus(['nope'], { tty: true, env: { NO_COLOR: '' } })).err).toContain('\u001b[31m')
    expect((await chorus(['nope'], { tty: true })).err).not.toContain('\u001b[')
    expect((await chorus(['--help'], { tty: true })).out).not.toContain('\u001b[')
  })

  it('knows its own error codes only once', () => {
    for (const [code, [meaning, remedy]] of Object.entries(CLI_ERRORS)) {
      expect(code).toMatch(/^E_[A-Z_]+$/)
      expect(meaning.endsWith('.') && remedy.endsWith('.')).toBe(true)
    }
  })
})
