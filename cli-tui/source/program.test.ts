import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { chorus } from '../testing/world.ts'
import { runProgram } from './program.ts'

const top = mkdtempSync(join(tmpdir(), 'chorus-program-'))
afterAll(() => rmSync(top, { recursive: true }))
let n = 0
function program(text: string): string {
  const path = join(top, `${n++}.ts`)
  writeFileSync(path, text)
  return path
}

describe('a policy that is a program', () => {
  it('gives what it exports, types and all', async () => {
    const path = program(
      "const name: string = 'web/a'\nexport default { policy: name, select: 'true', resources: {}, after: undefined }\n",
    )
    expect(await runProgram(path)).toEqual({ policy: 'web/a', select: 'true', resources: {}, after: undefined })
  })

  it.each([
    ['throws', "throw new Error('no inventory')", 'no inventory'],
    ['throws a text', "throw 'no inventory'", 'no inventory'],
    ['rejects', "await Promise.reject(new Error('no inventory'))", 'no inventory'],
    ['imports what is not there', "import { x } from './nowhere.ts'\nexport default x", 'Cannot find module'],
    ['imports a package that is not there', "import x from 'no-such-package'\nexport default x", 'Cannot find package'],
    ['is not TypeScript', 'export default {{', ' fails: '],
    ['exports nothing', 'export const policy = {}', 'it exports no policy'],
    ['exports a function', 'export default { policy: () => 1 }', 'not made of plain values'],
    ['ends the process', 'process.exit(0)', 'it ended itself'],
    ['fills the memory', "const all = []\nfor (;;) all.push(new Array(1e6).fill('x'))", 'memory'],
  ])('that %s is refused with the reason', async (_what, text, reason) => {
    await expect(runProgram(program(text))).rejects.toMatchObject({
      code: 'E_POLICY',
      message: expect.stringContaining(reason),
    })
  })

  it('that never ends is ended, and so is one that waits for ever', async () => {
    await expect(runProgram(program('for (;;);'), 1500)).rejects.toMatchObject({
      message: expect.stringContaining('did not end within 1.5 s'),
    })
    await expect(
      runProgram(program('await new Promise(() => setInterval(() => {}, 1e6))'), 1500),
    ).rejects.toMatchObject({
      message: expect.stringContaining('did not end within 1.5 s'),
    })
  })

  it('is linted like any other', async () => {
    const dir = mkdtempSync(join(top, 'p'))
    writeFileSync(
      join(dir, 'policy.ts'),
      "export default { policy: 'web/a', select: 'true', resources: { 'file/a': { path: '/a', mod: '1' } } }\n",
    )
    const { code, out } = await chorus(['lint', dir])
    expect([code, out]).toEqual([1, expect.stringContaining("Did you mean 'mode'?")])
  })
})
