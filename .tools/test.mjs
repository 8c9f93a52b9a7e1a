// Runs the test projects one after the other and ends with one line that counts what really ran:
//   N passed, N failed, N skipped
// Usage: node .tools/test.mjs all|unit|e2e|hosts|sim [vitest arguments]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

await import('./require-node.mjs')
const [which = 'all', ...rest] = process.argv.slice(2)

/** Why the tests on real hosts cannot run here, or null. */
function hostsMissing() {
  if (process.platform !== 'linux') return 'they need Linux'
  if (process.getuid?.() !== 0) return 'they need root'
  const tools = ['systemd-nspawn', 'debootstrap', 'ip', 'nft', 'dpkg-deb']
  const missing = tools.filter(
    (tool) =>
      !(process.env.PATH ?? '')
        .split(':')
        .concat('/usr/sbin', '/sbin')
        .some((dir) => existsSync(join(dir, tool))),
  )
  return missing.length > 0 ? `these commands are missing: ${missing.join(', ')}` : null
}

function hasTests(project) {
  const roots = { hosts: ['test/hosts'], e2e: ['test/e2e', 'test/faults'], sim: ['test/sim'] }[project]
  if (!roots) return true
  return roots.some(
    (root) =>
      existsSync(root) && readdirSync(root, { recursive: true }).some((file) => String(file).endsWith('.test.ts')),
  )
}

const total = { passed: 0, failed: 0, skipped: 0 }

function run(project) {
  const dir = mkdtempSync(join(tmpdir(), 'chorus-test-'))
  const report = join(dir, 'report.json')
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const result = spawnSync(process.execPath, [...args, ...rest], { stdio: 'inherit' })
  let counted = false
  try {
    const json = JSON.parse(readFileSync(report, 'utf8'))
    total.passed += json.numPassedTests
    total.failed += json.numFailedTests
    total.skipped += json.numPendingTests + json.numTodoTests
    counted = json.numTotalTests > 0
    if (json.numFailedTests === 0 && result.status !== 0) total.failed += Math.max(1, json.numFailedTestSuites)
  } catch {
    // No report: the runner itself failed, which the next line counts.
  }
  if (!counted && (result.status !== 0 || rest.length === 0)) total.failed += 1
  rmSync(dir, { recursive: true, force: true })
}

const projects = which === 'all' ? ['unit', 'sim', 'e2e', 'hosts'] : [which]
for (const project of projects) {
  if (!hasTests(project)) {
    if (which !== 'all') console.error(`There are no ${project} tests.`)
    continue
  }
  const missing = project === 'hosts' ? hostsMissing() : null
  if (missing) {
    console.log(
      `\nSKIPPED: the tests on real hosts did not run: ${missing}. They run as root on Debian with: npm run test:hosts`,
    )
    total.skipped += 1
    continue
  }
  console.log(`\n# ${project} tests`)
  run(project)
}
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exit(total.failed > 0 || total.passed + total.skipped === 0 ? 1 : 0)
