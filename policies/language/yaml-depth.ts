import { CST, Lexer } from 'yaml'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'

const CONTENT: ReadonlySet<string> = new Set([
  'scalar',
  'single-quoted-scalar',
  'double-quoted-scalar',
  'block-scalar-header',
  'alias',
  'anchor',
  'tag',
  'seq-item-ind',
  'explicit-key-ind',
])

/**
 * Refuses YAML that is nested too deeply, before it is parsed: the parser recurses and overflows the stack at some
 * thousand levels. The lexer does not recurse. Levels are counted by indentation and brackets; a list that is not
 * indented below its key counts as one level with it.
 *
 * @throws PolicyError E_YAML_DEPTH with the offset where the limit was passed
 */
export function checkDepth(text: string): void {
  const columns: number[] = []
  let flow = 0
  let offset = 0
  let lineStart = 0
  /** Whether the next content is the first of its line, or follows an indicator that opens a block. */
  let opens = true
  let scalar = false
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === CST.SCALAR) {
      scalar = true
      continue
    }
    // The text of a plain or block scalar follows its mark and may look like anything.
    const type = scalar ? 'scalar' : CST.tokenType(lexeme)
    scalar = false
    if (type === 'doc-mode' || type === 'flow-error-end') continue
    if (type === 'flow-map-end' || type === 'flow-seq-end') flow = Math.max(0, flow - 1)
    if (flow === 0 && opens && type !== null && CONTENT.has(type)) {
      const column = offset - lineStart
      while ((columns.at(-1) ?? -1) > column) columns.pop()
      if (columns.at(-1) !== column) columns.push(column)
      opens = type === 'seq-item-ind' || type === 'explicit-key-ind'
    }
    if (type === 'flow-map-start' || type === 'flow-seq-start') flow++
    if (columns.length + flow > LIMITS.depth) {
      throw new PolicyError('E_YAML_DEPTH', `this is nested more than ${LIMITS.depth} levels deep`, { offset })
    }
    offset += lexeme.length
    const newline = lexeme.lastIndexOf('\n')
    if (newline >= 0) {
      lineStart = offset - (lexeme.length - newline - 1)
      opens = true
    }
  }
}
