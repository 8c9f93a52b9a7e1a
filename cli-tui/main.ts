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

const { main } = await import('./run.ts')
process.exitCode = await main(process.argv.slice(2))
