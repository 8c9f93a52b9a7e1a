#!/usr/bin/env node
// The `chorus` command. This file runs on any Node so that an old one gets a sentence instead of a syntax error; all else is imported after.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    `chorus: E_OLD_NODE: Node ${process.versions.node} is too old: Chorus needs Node 24 or newer. ` +
      'Run it as "npx chorus" in a folder where "npm ci" was run, or install Node 24.\n',
  )
  process.exit(1)
}

/**
 * A program that stays open for days should be small. These settings can only be given when a process starts, so it starts once more in its own
 * place (40 ms). Measured over 100,000 nodes (bench/tui.ts): 88 MB resident at most.
 */
const LEAN = ['--max-semi-space-size=2', '--optimize-for-size']
if (process.argv.includes('top') && process.stdout.isTTY && !LEAN.some((flag) => process.execArgv.includes(flag))) {
  // Not on Windows.
  process.execve?.(
    process.execPath,
    [process.execPath, ...process.execArgv, ...LEAN, ...process.argv.slice(1)],
    process.env,
  )
}

const { cacheCode } = await import('./code-cache.ts')
cacheCode(process.argv.slice(2))
const { main } = await import('./run.ts')
process.exitCode = await main(process.argv.slice(2))
