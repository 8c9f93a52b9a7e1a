// Makes out/chorus-VERSION-linux-ARCH.tar.gz: Node, the compiled program and its dependencies, a launcher, and a systemd
// unit. It runs on a bare host: no npm, no Node, no network. The same input gives the same bytes (sorted, no times, no owner).
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

await import('./require-node.mjs')
spawnSync(process.execPath, ['.tools/build.mjs'], { stdio: 'inherit' })
const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const name = `chorus-${manifest.version}-${process.platform}-${process.arch}`
const root = join('out', name)
rmSync(root, { recursive: true, force: true })
mkdirSync(join(root, 'bin'), { recursive: true })
mkdirSync(join(root, 'lib'), { recursive: true })

/** Names of the packages that the program needs at run time, found through the lockfile without the development ones. */
function runtimePackages() {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && !entry.dev && !entry.devOptional && !entry.optional && existsSync(path))
    .map(([path]) => path)
}

const wanted = /\.(m?js|cjs|json|node|wasm)$/
for (const path of runtimePackages()) {
  cpSync(path, join(root, 'lib', path), {
    recursive: true,
    filter: (source) => {
      const inside = source.slice(path.length)
      if (inside.includes('/node_modules')) return false
      if (/\/(test|tests|docs|example|examples|src|\.github)(\/|$)/.test(inside) && !/\/dist\//.test(inside))
        return /\/src(\/|$)/.test(inside)
      return !/\.[a-z0-9]+$/i.test(inside) || wanted.test(inside) || /LICEN[CS]E/i.test(inside) || isDirectory(source)
    },
  })
}
function isDirectory(path) {
  try {
    return readdirSync(path) !== null
  } catch {
    return false
  }
}
cpSync('dist', join(root, 'lib/dist'), {
  recursive: true,
  filter: (source) => !source.endsWith('.tsbuildinfo') && !source.endsWith('.d.ts'),
})
cpSync('package.json', join(root, 'lib/package.json'))
cpSync('policies/examples', join(root, 'lib/policies/examples'), { recursive: true })
cpSync('policies/library', join(root, 'lib/policies/library'), { recursive: true })
cpSync('LICENSE', join(root, 'LICENSE'))
const node = realpathSync(process.execPath)
cpSync(node, join(root, 'bin/node'), { dereference: true })
chmodSync(join(root, 'bin/node'), 0o755)
writeFileSync(
  join(root, 'bin/chorus'),
  `#!/bin/sh
# The launcher follows links to find the Node and the program beside it.
here=$(dirname "$(readlink -f "$0")")
# Every thread with a heap of its own would keep 2 MB more: two are enough.
export MALLOC_ARENA_MAX="\${MALLOC_ARENA_MAX:-2}"
exec "$here/node" "$here/../lib/dist/bin/chorus.js" "$@"
`,
)
chmodSync(join(root, 'bin/chorus'), 0o755)
cpSync('.tools/chorus.service', join(root, 'chorus.service'))
writeFileSync(
  join(root, 'INSTALL'),
  `Unpack to /opt/chorus, then:
  ln -s /opt/chorus/bin/chorus /usr/local/bin/chorus
  cp /opt/chorus/chorus.service /etc/systemd/system/
  chorus init NAME        # on the first machine; elsewhere: chorus join TOKEN
  systemctl enable --now chorus
`,
)
execFileSync('tar', [
  '--sort=name',
  '--mtime=@0',
  '--owner=0',
  '--group=0',
  '--numeric-owner',
  '-C',
  'out',
  '--use-compress-program=gzip -n',
  '-cf',
  `out/${name}.tar.gz`,
  name,
])
console.log(`out/${name}.tar.gz`)
