import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { RESOURCE_TYPES } from '../resources/table.ts'
import { secretHeader } from '../secrets/header.ts'
import { contentOf } from '../testing/contents.ts'
import { inForce } from '../testing/converge.ts'
import { node } from '../testing/policies.ts'
import { ToolLab, type Recorded } from '../testing/tools.ts'
import { compile } from './compile.ts'
import { resolve } from './resolve.ts'
import { memorySource } from './source.ts'

/**
 * What the policies of the language's page would do to a host, as files to be read (`page/*.plan`; UPDATE_GOLDEN=1 writes
 * them): a Debian machine on which nothing of it is there yet. The same plan comes twice, and nothing was changed for it.
 */
const FOLDER = join(import.meta.dirname, 'page')

const TOOLS: Readonly<Record<string, Recorded>> = {
  'dpkg-query': 'chorus\tdpkg\tamd64\tii \t1.21.22\n',
  'apt-cache policy': 'nginx:\n  Installed: (none)\n  Candidate: 1.22.1-9\n  Version table:\n',
  'systemctl show': 'LoadState=not-found\nActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no\n',
}

function host(): ToolLab {
  const groups = { root: 0, adm: 4, 'ssl-cert': 110 }
  return new ToolLab(TOOLS, { users: { root: 0 }, groups }).lay({
    '/etc/nginx/tls/': '',
    '/etc/nginx/conf.d/': '',
    '/etc/sudoers.d/': '',
    '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
    '/etc/group': 'root:x:0:\nadm:x:4:\nssl-cert:x:110:\n',
    '/etc/shadow': 'root:*:19000:0:99999:7:::\n',
    '/usr/bin/apt-get': '',
    '/var/lib/dpkg/status': '',
    '/run/systemd/system/': '',
    '/srv/': '',
  })
}

const SEALED = `${new TextDecoder().decode(secretHeader({ mesh: 'm', policy: 'web/site', name: 'tls_key', version: 1 }))}age-encryption.org/v1\n`

interface Page {
  readonly labels: Readonly<Record<string, string>>
  readonly files: Readonly<Record<string, string>>
}

const PAGES: Readonly<Record<string, Page>> = {
  site: {
    labels: { role: 'web', env: 'prod' },
    files: {
      'data/common.yaml': 'domain: example.org\nvhosts: { blog: { root: /srv/blog }, shop: { root: /srv/shop } }\n',
      'files/prod/cert.pem': 'CERTIFICATE\n',
      'secrets/prod/tls.key.age': SEALED,
      'vhost.conf.liquid':
        'server { listen {{ vars.port }}; server_name {{ each.key }}.{{ vars.domain }}; root {{ each.value.root }}; }\n',
    },
  },
  users: {
    labels: { env: 'prod' },
    files: {
      'data/common.yaml':
        'users:\n  alice: { groups: [adm], keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAliceAliceAliceAliceAliceAliceAliceAliceAlic alice], sudo: "alice ALL=(ALL) ALL" }\n  bob: { groups: [], keys: [] }\n',
    },
  },
  shop: {
    labels: { app: 'shop', env: 'prod' },
    files: { 'data/env/prod.yaml': 'migrator: web-1\n', 'shop.tgz': 'TGZ' },
  },
}

async function plan(name: string, { labels, files }: Page): Promise<string> {
  const source = memorySource({ 'policy.yaml': readFileSync(join(FOLDER, `${name}.txt`), 'utf8'), ...files })
  const { policy, diagnostics } = compile(source, { types: RESOURCE_TYPES })
  expect(diagnostics).toEqual([])
  if (policy === undefined) return ''
  const secrets = (): { value: string } => ({ value: 'PRIVATE KEY\n' })
  const found = resolve(policy, node(labels), new Set(Object.keys(files)), RESOURCE_TYPES, { secrets })
  expect([found.errors, found.waiting]).toEqual([[], []])
  const lab = host()
  const before = JSON.stringify([...lab.host.tree.things])
  const content = contentOf(files, (bytes) => lab.host.sha256(bytes))
  const { outcomes } = await lab.runs.run([inForce(policy.policy, found.resources)], { apply: false, content })
  expect(JSON.stringify([...lab.host.tree.things])).toBe(before)
  return outcomes
    .map(({ key, state, code, reason, diff }) => {
      const shown = diff === undefined ? '' : diff.replace(/^/gm, '    ').trimEnd()
      return `${state} ${key}${code === undefined ? '' : ` ${code}`}: ${reason}\n${shown === '' ? '' : `${shown}\n`}`
    })
    .join('')
}

describe('the plan of', () => {
  it.each(Object.entries(PAGES))('%s', async (name, page) => {
    const text = await plan(name, page)
    const path = join(FOLDER, `${name}.plan`)
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, text)
    expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(text)
    expect(await plan(name, page)).toBe(text)
    expect(text).not.toContain('PRIVATE KEY')
  })
})
