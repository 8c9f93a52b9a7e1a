import { Context, Liquid, LiquidError, toValueSync, type Template } from 'liquidjs'
import { PolicyError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import { BoundedCache } from './cache.ts'
import type { Scope } from './run.ts'

/** A parsed template. */
export interface LiquidTemplate {
  readonly file: string
  /** Names that it takes from outside, as `vars` and `port`, each with its place. */
  readonly references: readonly TemplateReference[]
  /** @throws PolicyError E_TEMPLATE, E_TEMPLATE_LIMIT, with the line and column in the template */
  render(scope: Scope): string
}

export interface TemplateReference {
  readonly root: string
  readonly field: string | undefined
  readonly line: number
  readonly column: number
}

/** Tags that read other files, write HTML, or hide the nesting of other tags (`liquid`). What is left only computes. */
const REMOVED_TAGS = ['include', 'render', 'layout', 'block', 'tablerow', 'liquid']

/**
 * Filters that stay: those that give the same text on every machine and cannot run away. Absent are all that know a date,
 * a time zone, chance, or HTML.
 */
const FILTERS: ReadonlySet<string> = new Set(
  (
    'abs at_least at_most ceil divided_by floor minus modulo plus round times ' +
    'append prepend capitalize downcase upcase lstrip rstrip strip strip_newlines squish normalize_whitespace remove ' +
    'remove_first remove_last replace replace_first replace_last split truncate truncatewords slice size slugify ' +
    'join first last reverse sort sort_natural map sum compact concat push pop shift unshift uniq where reject group_by ' +
    'has find find_index where_exp reject_exp group_by_exp has_exp find_exp find_index_exp ' +
    'default json jsonify inspect to_integer raw escape url_encode url_decode base64_encode base64_decode sha256'
  ).split(' '),
)

const engine = makeEngine()

function makeEngine(): Liquid {
  const liquid = new Liquid({
    // No file system: lookups of partials, if a tag for them ever came back, end in this empty map.
    templates: {},
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    parseLimit: LIMITS.templateBytes,
    memoryLimit: LIMITS.templateMemory,
    timezoneOffset: 0,
    locale: 'en-US',
  })
  for (const tag of REMOVED_TAGS) delete liquid.tags[tag]
  for (const name of Object.keys(liquid.filters)) if (!FILTERS.has(name)) liquid.unregisterFilter(name)
  return liquid
}

const cache = new BoundedCache<LiquidTemplate>(LIMITS.templateCache)

/**
 * Parses a template, or finds it parsed. `file` only names it in messages.
 *
 * @throws PolicyError E_TEMPLATE, E_TEMPLATE_LIMIT
 */
export function liquidTemplate(file: string, source: string): LiquidTemplate {
  return cache.get(`${file}\0${source}`, () => parseTemplate(file, source))
}

function parseTemplate(file: string, source: string): LiquidTemplate {
  checkSize(file, source)
  const templates = guarded(file, () => engine.parse(source))
  return {
    file,
    references: guarded(file, () => referencesOf(templates)),
    render: (scope) => render(file, templates, scope),
  }
}

/** Liquid recurses into blocks, and how deep a stack goes differs between machines: count before it starts. */
function checkSize(file: string, source: string): void {
  if (source.length > LIMITS.templateBytes) {
    throw new PolicyError('E_TEMPLATE_LIMIT', `${file}: the template has more than ${LIMITS.templateBytes} characters`)
  }
  let depth = 0
  for (const [, end] of source.matchAll(/\{%-?\s*(end)?(?:if|unless|for|case|capture)\b/g)) {
    depth += end === undefined ? 1 : -1
    if (depth > LIMITS.depth) {
      throw new PolicyError('E_TEMPLATE_LIMIT', `${file}: the template nests more than ${LIMITS.depth} blocks`)
    }
  }
}

function referencesOf(templates: Template[]): TemplateReference[] {
  const { globals } = engine.analyzeSync(templates, { partials: false })
  return Object.values(globals).flatMap((uses) =>
    uses.map(({ segments: [root, field], location }) => ({
      root: String(root),
      field: typeof field === 'string' ? field : undefined,
      line: location.row,
      column: location.col,
    })),
  )
}

function render(file: string, templates: Template[], scope: Scope): string {
  const context = new Context(
    Object.assign(Object.create(null), scope),
    engine.options,
    { sync: true },
    // Filters find each other through the engine.
    { liquid: engine },
  )
  // Liquid limits rendering by the wall clock, so a slow node would fail where a fast one does not. Count instead.
  let stepsLeft: number = LIMITS.templateSteps
  context.renderLimit.check = () => {
    if (--stepsLeft < 0) throw new LimitReached(`takes more than ${LIMITS.templateSteps} steps`)
  }
  const output = new BoundedOutput()
  guarded(file, () => toValueSync(engine.renderer.renderTemplates(templates, context, output)))
  return output.buffer
}

class LimitReached extends Error {}

/** Collects the result, and refuses what has no form inside text. */
class BoundedOutput {
  buffer = ''

  write(part: unknown): void {
    const text = textOf(part)
    if (this.buffer.length + text.length > LIMITS.renderedChars) {
      throw new LimitReached(`gives more than ${LIMITS.renderedChars} characters`)
    }
    this.buffer += text
  }
}

function textOf(part: unknown): string {
  if (typeof part === 'string') return part
  if (part === null || part === undefined) return ''
  if (typeof part === 'number' || typeof part === 'boolean') return String(part)
  throw new Error(
    `${Array.isArray(part) ? 'a list' : 'a map'} has no form inside text; use a loop, or the filter join or json`,
  )
}

/** Turns the errors of the library, and an overflow of the stack by deep nesting, into those of this folder. */
function guarded<T>(file: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof RangeError) {
      throw new PolicyError('E_TEMPLATE_LIMIT', `${file} is nested too deeply or builds a text that is too long`)
    }
    // What else the library throws at a hostile template has no place in it.
    if (!LiquidError.is(error))
      throw new PolicyError('E_TEMPLATE', `${file}: ${error instanceof Error ? error.message : String(error)}`)
    const [line, column] = positionOf(error)
    const cause = error.originalError
    const why = plainReason(cause?.message ?? error.message)
    const limit = cause instanceof LimitReached || cause instanceof RangeError || why.endsWith(' limit exceeded')
    throw new PolicyError(
      limit ? 'E_TEMPLATE_LIMIT' : 'E_TEMPLATE',
      `${file}:${line}:${column}: ${describe(why, limit)}`,
      {
        at: { file, line, column },
      },
    )
  }
}

function positionOf(error: LiquidError): readonly [number, number] {
  const [line = 1, column = 1] = error.token.getPosition()
  return [line, column]
}

/** The first line, without the position that Liquid adds in its own way. */
function plainReason(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/, (file:.*, )?line:\d+, col:\d+$/, '')
}

function describe(why: string, limit: boolean): string {
  if (!limit) return why
  return `the template ${/^(takes|gives) /.test(why) ? why : 'is too large, or builds lists or texts that are'}`
}
