import { describe, expect, it } from 'vitest'
import { compileFiles } from '../testing/policies.ts'

const policy = (rest: string): string => `policy: a/b\nselect: "true"\n${rest}\nresources: {}\n`
const found = (rest: string): string[] =>
  compileFiles({ 'policy.yaml': policy(rest) }).diagnostics.map(
    ({ code, line, column, message }) => `${code} ${line}:${column} ${message}`,
  )

describe('what is carried to the node beside resources', () => {
  it('is kept as it is written', () => {
    const rest =
      'health: [{http: "http://127.0.0.1:${vars.port}/", status: 204, within: 30s}, {tcp: "localhost:22"}, {exec: [test, -e, /a]}]\npriority: 10\nonFork: hold\nvars: {port: 1}\nonChange: {before: [[lb, drain]], after: [[lb, undrain]]}\nrollout: {waves: [{select: "labels.canary == \'true\'"}, 10%, 100%], soak: 10m, maxFailures: 1, fallback: never}'
    const { policy: compiled, diagnostics } = compileFiles({ 'policy.yaml': policy(rest) })
    expect(diagnostics).toEqual([])
    expect(compiled?.extra).toEqual({
      health: [
        { http: 'http://127.0.0.1:${vars.port}/', status: 204, within: '30s' },
        { tcp: 'localhost:22' },
        { exec: ['test', '-e', '/a'] },
      ],
      priority: 10,
      onFork: 'hold',
      onChange: { before: [['lb', 'drain']], after: [['lb', 'undrain']] },
      rollout: {
        waves: [{ select: "labels.canary == 'true'" }, '10%', '100%'],
        soak: '10m',
        maxFailures: 1,
        fallback: 'never',
      },
    })
  })

  it.each([
    ['health: {}', 'E_VALUE 3:9 health must be a list, not a map.'],
    ['health:', 'E_VALUE 3:8 health is empty.'],
    ['health: [{}]', 'E_VALUE 3:9 health.0: exactly one of http, tcp and exec is needed.'],
    ['health: [{http: "http://a", tcp: "a:1"}]', 'E_VALUE 3:9 health.0: exactly one of http, tcp and exec is needed.'],
    ['health: [{http: localhost}]', 'E_VALUE 3:9 health.0.http must be a URL that starts with http:// or https://.'],
    ['health: [{tcp: "localhost"}]', 'E_VALUE 3:9 health.0.tcp must be an address HOST:PORT.'],
    ['health: [{tcp: "a:1", within: 30}]', 'E_VALUE 3:9 health.0.within must be a text, not 30.'],
    ['health: [{tcp: "a:1", within: soon}]', 'E_VALUE 3:9 health.0.within must be a duration, as in 30s, 10m or 1h.'],
    ['health: [{htpp: x}]', "E_VALUE 3:9 health.0 has no field 'htpp'."],
    ['health: [{http: "http://${vars.x}"}]', "E_UNKNOWN_VAR 3:27 There is no variable 'x'."],
    ['priority: high', "E_VALUE 3:11 priority must be a number, not 'high'."],
    ['priority: -1', 'E_VALUE 3:11 priority must be at least 0.'],
    ['onFork: newst', "E_VALUE 3:9 onFork must be one of newest, hold, not 'newst'. Did you mean 'newest'?"],
    ['onChange: {befor: []}', "E_VALUE 3:11 onChange has no field 'befor'."],
    ['onChange: {before: [drain]}', "E_VALUE 3:11 onChange.before.0 must be a list, not 'drain'."],
    ['rollout: {waves: []}', 'E_VALUE 3:10 rollout.waves must have at least 1 item.'],
    ['rollout: {waves: [10]}', 'E_VALUE 3:10 rollout.waves.0 must be a text or a map, not 10.'],
    ['rollout: {waves: [0%, 100%]}', 'E_VALUE 3:10 rollout.waves.0 must be a percentage, as in 10%.'],
    ['rollout: {waves: [{count: 0}, 100%]}', 'E_VALUE 3:10 rollout.waves.0.count must be at least 1.'],
    ['rollout: {waves: [20%, 10%, 100%]}', 'E_VALUE 3:24 rollout.waves: 10% comes after 20%.'],
    ['rollout: {waves: [10%, 50%]}', 'E_VALUE 3:24 rollout.waves: the last wave is not 100%.'],
    ['rollout: {soak: 10m}', 'E_VALUE 3:17 rollout.soak needs waves.'],
    [
      'rollout: {waves: [100%], soak: "${vars.x}"}',
      'E_VALUE 3:10 rollout.soak: must be a duration, as in 30s, 10m or 1h.',
    ],
    ['rollout: {waves: [120%]}', 'E_VALUE 3:10 rollout.waves.0 must be a percentage, as in 10%.'],
    ['rollout: {waves: [{select: facts.os == "x"}]}', "E_SELECT 3:28 A selector cannot use 'facts', only labels."],
  ])('must have its form: %s', (rest, problem) => {
    expect(found(rest)).toContain(problem)
  })
})
