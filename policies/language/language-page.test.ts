import { describe, expect, it } from 'vitest'
import { secretHeader } from '../secrets/header.ts'
import type { SecretAnswer } from '../secrets/use.ts'
import { compileFiles, node, problems, resolveFor, rightPolicy } from '../testing/policies.ts'

/** The policies at the end of the page that defines the language, as they stand there. */
const SITE = `policy: web/site
select: labels.role == 'web'
after: [base/apt]
vars: { port: 443, domain: TBD, vhosts: {} }
data: [data/common.yaml, "data/env/\${labels.env}.yaml", "data/node/\${node.name}.yaml"]
secrets: { tls_key: { age: "secrets/\${labels.env}/tls.key.age" } }
resources:
  package/nginx: {}
  file/key:  { path: /etc/nginx/tls/key.pem, content: "\${secrets.tls_key}", group: ssl-cert, mode: "0640", notify: [service/nginx] }
  file/cert: { path: /etc/nginx/tls/cert.pem, source: "files/\${labels.env}/cert.pem", notify: [service/nginx] }
  file/vhost-\${each.key}:
    each: \${vars.vhosts}
    path: /etc/nginx/conf.d/\${each.key}.conf
    template: vhost.conf.liquid
    verify: [nginx, -t]
    notify: [service/nginx]
  service/nginx: { state: running, enabled: true, onNotify: reload }
health: [ { http: "http://127.0.0.1:\${vars.port}/", within: 30s } ]
`

const USERS = `policy: base/users
select: "true"
vars: { users: {} }
data: [data/common.yaml, "data/env/\${labels.env}.yaml", "data/node/\${node.name}.yaml"]   # alice: null removes her here
resources:
  user/\${each.key}:      { each: "\${vars.users}", shell: /bin/bash, groups: "\${each.value.groups}" }
  ssh_keys/\${each.key}:  { each: "\${vars.users}", user: "\${each.key}", keys: "\${each.value.keys}", exclusive: true }
  file/sudo-\${each.key}: { each: "\${vars.users}", when: "has(each.value.sudo)", path: "/etc/sudoers.d/\${each.key}", content: "\${each.value.sudo}\\n", mode: "0440", validate: [visudo, -cf, "{file}"] }
`

const SHOP = `policy: app/shop
select: labels.app == 'shop'
vars: { version: "1.10", migrator: TBD }
data: ["data/env/\${labels.env}.yaml"]
onChange: { before: [[/usr/local/bin/lb, drain]], after: [[/usr/local/bin/lb, undrain]] }
resources:
  archive/release: { source: shop.tgz, path: "/srv/shop/\${vars.version}", keep: 3 }
  exec/migrate:    { when: "node.name == vars.migrator", argv: ["/srv/shop/\${vars.version}/migrate"], once: version }
  file/current:    { path: /srv/shop/current, link: "/srv/shop/\${vars.version}", require: [archive/release, exec/migrate], notify: [service/shop] }
  service/shop:    { state: running, enabled: true }
health: [ { http: "http://127.0.0.1:8080/health", within: 60s } ]
rollout: { waves: [ { select: "labels.canary == 'true'" }, 10%, 100% ], soak: 10m, maxFailures: 1, fallback: never }
`

const without = (text: string, ...keys: string[]): string =>
  text
    .split('\n')
    .filter((line) => !keys.some((key) => line.startsWith(key)))
    .join('\n')

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

  it('app/shop: everything but its rollout and onChange, which are refused and not ignored', () => {
    const files = { 'data/env/prod.yaml': 'migrator: shop-1\n', 'shop.tgz': 'TGZ' }
    expect(problems({ 'policy.yaml': SHOP, ...files })).toEqual([
      "E_UNSUPPORTED 5:1 This build cannot execute 'onChange'.",
      "E_UNSUPPORTED 12:1 This build cannot execute 'rollout'.",
    ])
    const policy = rightPolicy({ 'policy.yaml': without(SHOP, 'onChange:', 'rollout:'), ...files })
    const requires = (name: string): readonly string[] | undefined =>
      resolveFor(policy, node({ app: 'shop', env: 'prod' }, {}, name), ['shop.tgz']).resources.find(
        (one) => one.key === 'file/current',
      )?.require
    expect(requires('shop-1')).toEqual(['archive/release', 'exec/migrate'])
    expect(requires('shop-2')).toEqual(['archive/release'])
  })

  it('app/shop: as it stands, for nodes that execute all of it', () => {
    const files = { 'data/env/prod.yaml': 'migrator: shop-1\n', 'shop.tgz': 'TGZ' }
    const { policy, diagnostics } = compileFiles({ 'policy.yaml': SHOP, ...files }, {}, ['onChange', 'rollout'])
    expect(diagnostics).toEqual([])
    expect(Object.keys(policy?.extra ?? {})).toEqual(['onChange', 'health', 'rollout'])
  })
})
