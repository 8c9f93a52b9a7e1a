// Compiles the folders into dist/, and bundles what the command loads into dist/bin (a few seconds).
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

await import('./require-node.mjs')
if (process.argv.includes('--clean')) rmSync('dist', { recursive: true, force: true })
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
})
if (tsc.status !== 0) process.exit(tsc.status ?? 1)

// A daemon loads 1,500 modules of 8 MB. In a few files without their comments it needs 23 MB less (127 become 104) and
// starts sooner. Names are kept: a stack in a log should still say where it was.
const OUT = 'dist/bin'
/** A running daemon may still load a part of the build that it was started from. */
const STALE_MS = 3_600_000
const { rolldown } = await import('rolldown')
const bundle = await rolldown({
  input: { chorus: 'dist/cli-tui/main.js', 'sim-worker': 'dist/cli-tui/sim/worker.js' },
  platform: 'node',
  // Ink asks for its developer tools in development only.
  external: [/^node:/, 'react-devtools-core'],
  logLevel: 'warn',
})
const { output } = await bundle.generate({
  format: 'esm',
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  comments: { legal: false },
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
})
await bundle.close()
mkdirSync(OUT, { recursive: true })
// What begins comes last: whoever starts a command meanwhile finds all that it names.
for (const { fileName, code } of output.toSorted((a, b) => Number(a.isEntry) - Number(b.isEntry))) {
  // One character beyond ASCII makes V8 keep two bytes for each of a file's; they are in strings and patterns only.
  const ascii = code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  writeFileSync(join(OUT, `${fileName}.tmp`), ascii)
  renameSync(join(OUT, `${fileName}.tmp`), join(OUT, fileName))
}
const made = new Set(output.map(({ fileName }) => fileName))
for (const file of readdirSync(OUT)) {
  const path = join(OUT, file)
  if (!made.has(file) && Date.now() - statSync(path).mtimeMs > STALE_MS) rmSync(path, { recursive: true })
}
chmodSync(join(OUT, 'chorus.js'), 0o755)
