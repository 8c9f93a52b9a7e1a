import { describe, expect, it } from 'vitest'
import { compile } from '../language/compile.ts'
import { memorySource } from '../language/source.ts'
import { RESOURCE_TYPES } from '../resources/table.ts'
import { aroundOf, describeCheck, runsCommands } from './around.ts'

const context = { labels: { env: 'prod' }, facts: {}, node: { name: 'n1', id: 'id1' } }

function around(extra: string, port: string | number = 8080) {
  const yaml = `policy: app/shop\nselect: "true"\nvars: { port: ${port} }\nresources: {}\n${extra}\n`
  const { policy, diagnostics } = compile(memorySource({ 'policy.yaml': yaml }), { types: RESOURCE_TYPES })
  if (policy === undefined) throw new Error(diagnostics.map(({ message }) => message).join('; '))
  return aroundOf(policy, context)
}

describe('what surrounds the resources of a policy', () => {
  it('is evaluated for the node', () => {
    const { health, before, after, fallback } = around(
      'health: [ { http: "http://127.0.0.1:${vars.port}/", within: 5s }, { tcp: "[::1]:${vars.port}" }, { exec: [check, "${node.name}"] } ]\n' +
        'onChange: { before: [[lb, drain, "${labels.env}"]], after: [[lb, undrain]] }',
    )
    expect(health).toEqual([
      { http: 'http://127.0.0.1:8080/', status: null, withinMs: 5000 },
      { tcp: { host: '::1', port: 8080 }, withinMs: 30_000 },
      { exec: ['check', 'n1'], withinMs: 30_000 },
    ])
    expect(health.map(describeCheck)).toEqual(['http://127.0.0.1:8080/', '::1:8080', 'check'])
    expect([before, after, fallback]).toEqual([[['lb', 'drain', 'prod']], [['lb', 'undrain']], true])
  })

  it('is nothing where nothing is said', () => {
    expect(around('')).toEqual({ health: [], before: [], after: [], fallback: true })
    expect([runsCommands(around('')), runsCommands(around('health: [{exec: [x]}]'))]).toEqual([false, true])
  })

  it('keeps a version in force that fails, if it must never fall back', () => {
    expect(around('health: [{tcp: "localhost:1"}]\nrollout: { fallback: never }').fallback).toBe(false)
  })

  it('that comes to something that cannot be executed is an error', () => {
    expect(() => around('health: [{tcp: "localhost:${vars.port}"}]', 70_000)).toThrow("'localhost:70000' is no address")
    expect(() => around('health: [{tcp: "${vars.port}"}]')).toThrow('health')
  })
})
