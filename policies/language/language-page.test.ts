import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { secretHeader } from '../secrets/header.ts'
import type { SecretAnswer } from '../secrets/use.ts'
import { node, resolveFor, rightPolicy } from '../testing/policies.ts'
import { rolloutFor } from './rollout.ts'

/** The policies at the end of the page that defines the language, as they stand there. */
const page = (name: string): string => readFileSync(join(import.meta.dirname, 'page', `${name}.txt`), 'utf8')
const SITE = page('site')

const USERS = page('users')

const SHOP = page('shop')

describe('the policies of the language page', () => {
  it('base/users: users by layers, of whom one is removed on one node', () => {
    const policy = rightPolicy({
      'policy.yaml': USERS,
      'data/common.yaml':
        'users: {alice: {groups: [adm], keys: [k1], sudo: "alice ALL=(ALL) ALL"}, bob: {groups: [], keys: []}}\n',
      'data/node/web-2.yaml': 'users: {alice: null}\n',
    })
    const keys = (name: string): string[] =>
      resolveFor(policy, node({ env: 'prod' }, {}, name)).resources.map((resource) => resource.key)
    expect(keys('web-1')).toEqual(['user/alice', 'user/bob', 'ssh_keys/alice', 'ssh_keys/bob', 'file/sudo-alice'])
    expect(keys('web-2')).toEqual(['user/bob', 'ssh_keys/bob'])
    const { resources, errors } = resolveFor(policy, node({ env: 'prod' }))
    expect(errors).toEqual([])
    expect(resources.at(-1)).toMatchObject({
      attrs: {
        path: '/etc/sudoers.d/alice',
        content: 'alice ALL=(ALL) ALL\n',
        mode: '0440',
        validate: ['visudo', '-cf', '{file}'],
      },
      onRemove: 'undo',
    })
  })

  it('web/site: all of it, its key once the secret is there', () => {
    const header = new TextDecoder().decode(
      secretHeader({ mesh: 'm', policy: 'web/site', name: 'tls_key', version: 1 }),
    )
    const files = {
      'data/common.yaml': 'domain: x.org\nvhosts: {a: {root: /a}}\n',
      'files/prod/cert.pem': 'CERT',
      'secrets/prod/tls.key.age': `${header}age-encryption.org/v1\n`,
      'vhost.conf.liquid': 'root {{ each.value.root }};\n',
    }
    const policy = rightPolicy({ 'policy.yaml': SITE, ...files })
    const context = node({ role: 'web', env: 'prod' })
    const { resources, waiting, errors } = resolveFor(policy, context, ['files/prod/cert.pem'])
    expect(errors).toEqual([])
    expect(resources.map(({ key, notify }) => [key, notify])).toEqual([
      ['package/nginx', []],
      ['file/cert', ['service/nginx']],
      ['file/vhost-a', ['service/nginx']],
      ['service/nginx', []],
    ])
    expect(waiting.map(({ key, reason }) => [key, reason])).toEqual([['file/key', 'waiting for secret tls_key']])
    const secrets = (): SecretAnswer => ({ value: 'KEY' })
    const there = resolveFor(policy, context, ['files/prod/cert.pem'], { secrets })
    expect(there.waiting).toEqual([])
    expect(there.resources.find(({ key }) => key === 'file/key')).toMatchObject({
      attrs: { content: 'KEY', mode: '0640' },
      sensitive: true,
      notify: ['service/nginx'],
    })
    expect(there.resources.filter(({ sensitive }) => sensitive)).toHaveLength(1)
  })

  it('app/shop: its links wait for the migration where that runs, and its waves are in the record', () => {
    const files = { 'data/env/prod.yaml': 'migrator: shop-1\n', 'shop.tgz': 'TGZ' }
    const policy = rightPolicy({ 'policy.yaml': SHOP, ...files })
    const requires = (name: string): readonly string[] | undefined =>
      resolveFor(policy, node({ app: 'shop', env: 'prod' }, {}, name), ['shop.tgz']).resources.find(
        (one) => one.key === 'file/current',
      )?.require
    expect(requires('shop-1')).toEqual(['archive/release', 'exec/migrate'])
    expect(requires('shop-2')).toEqual(['archive/release'])
    expect(Object.keys(policy.extra)).toEqual(['onChange', 'health', 'rollout'])
    expect(rolloutFor(policy)).toEqual({
      waves: [{ select: "labels.canary == 'true'" }, { percent: 10 }, { percent: 100 }],
      soakMs: 600_000,
      maxFailures: 1,
    })
  })
})
