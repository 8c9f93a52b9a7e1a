// Says in one sentence what is wrong when `node` on PATH is too old; `npm ci` brings Node 24 for the platforms it knows.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    `chorus: E_OLD_NODE: Node ${process.versions.node} is too old: Chorus needs Node 24 or newer. ` +
      'Run "npm ci" without --omit=optional, which brings it along, or install Node 24.',
  )
  process.exit(1)
}
