import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { startAs, startProblem } from './run-as.ts'

const bob = { uid: 1001, gid: 1002, home: '/home/bob' }

it.runIf(existsSync('/usr/bin/setpriv'))(
  'Another user gets all of its groups where the system can give them, and its own program stays what it is',
  () => {
    expect(startAs(['ls', '-l'], null)).toEqual({ program: 'ls', args: ['-l'], identity: undefined })
    expect(startAs(['ls', '-l'], bob, false)).toEqual({
      program: 'ls',
      args: ['-l'],
      identity: { uid: 1001, gid: 1002 },
    })
    const { program, args } = startAs(['-x', '--', 'y'], bob, true)
    expect(program).toBe('/usr/bin/setpriv')
    expect(args).toEqual(['--reuid', '1001', '--regid', '1002', '--init-groups', '--', '-x', '--', 'y'])
  },
)

it('A program that setpriv could not start is told from one that ended so', () => {
  expect(startProblem(127, 'setpriv: failed to execute /nope: No such file or directory\n')).toBe('ENOENT')
  expect(startProblem(126, 'setpriv: failed to execute /x: Permission denied\n')).toBe('EACCES')
  expect(startProblem(127, 'sh: nope: not found\n')).toBeNull()
  expect(startProblem(1, 'setpriv: failed to execute order\n')).toBeNull()
})
