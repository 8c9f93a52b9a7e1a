// Compiles the four folders into dist/ (a few seconds).
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync } from 'node:fs'

await import('./require-node.mjs')
if (process.argv.includes('--clean')) rmSync('dist', { recursive: true, force: true })
const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
})
if (tsc.status !== 0) process.exit(tsc.status ?? 1)
if (existsSync('dist/cli-tui/main.js')) chmodSync('dist/cli-tui/main.js', 0o755)
