import { readFileSync, writeFileSync } from 'node:fs'
import { filled } from './lib/page.ts'

/**
 * Puts the figures of bench/results/ into docs/performance.md.
 *
 *     npm run bench:page
 */
const PAGE = 'docs/performance.md'
writeFileSync(PAGE, filled(readFileSync(PAGE, 'utf8')))
