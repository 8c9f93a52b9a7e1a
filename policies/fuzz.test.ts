import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { buildBundle } from './bundle/build.ts'
import { readPolicy } from './bundle/policy.ts'
import { parseBundleRoot } from './bundle/root.ts'
import { PolicyError } from './errors.ts'
import { expression } from './expr/expression.ts'
import { liquidTemplate } from './expr/liquid.ts'
import { readSecretHeader, secretHeader } from './secrets/header.ts'
import { compileFiles, node, resolveFor, rightPolicy } from './testing/policies.ts'

/** No input may take longer, also on a machine that does other things meanwhile. ms */
const HANG = 1000
const RUNS = { numRuns: 400 }

const prototypes = [Object.prototype, Array.prototype, String.prototype, Function.prototype]
const before = prototypes.map((one) => Reflect.ownKeys(one).length)
afterEach(() => expect(prototypes.map((one) => Reflect.ownKeys(one).length)).toEqual(before))

/** Runs what may fail with a PolicyError and with nothing else, and not for long. */
function tame(action: () => unknown): void {
  const start = process.cpuUsage().user
  try {
    action()
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    expect(error.message).not.toBe('')
  }
  expect((process.cpuUsage().user - start) / 1000).toBeLessThan(HANG)
}

const SEEDS = readdirSync(join(import.meta.dirname, 'language/wrong')).flatMap((name) =>
  readFileSync(join(import.meta.dirname, 'language/wrong', name), 'utf8')
    .split(/^=== .*\n/m)
    .flatMap((one) => one.split('>>>\n')[0] ?? []),
)
const RIGHT = `policy: web/site
select: labels.role == 'web'
vars: { port: 443, users: { a: { n: 1 }, b: { n: 2 } } }
data: [d.yaml, "\${labels.env}.yaml"]
secrets: { k: { file: /k } }
components: { i: { use: ../c, with: { x: "\${secrets.k}" } } }
resources:
  file/v-\${each.key}: { each: "\${vars.users}", path: "/a/\${each.key}", template: t.liquid, when: each.value.n > 1 }
  service/s: { state: running, require: [file/i-c] }
`
const AROUND = {
  'd.yaml': 'port: 80\nusers: {a: null}\n',
  't.liquid': '{% for x in (1..vars.port) %}{{ x }}{% endfor %}',
  '../c/policy.yaml': 'parameters: {x: text}\nresources: {file/c: {path: /c, content: "${vars.x}"}}\n',
}
/** Parts that mean something to one of the parsers. */
const TOKENS = [
  '{ } [ ] : - " \' & * ! !!map | > % # ? , ${ $${ .. / {{ }} {% %} -%} {%raw%} __proto__ constructor prototype toString',
  'null TBD each when vars labels secrets 9007199254740993 1e999 0x .map(x,x) .matches("(a+)+$") |replace:"a", |split:""',
]
  .flatMap((line) => line.split(' '))
  .concat(
    ': ',
    '- ',
    '\n',
    '\n  ',
    '&a ',
    '*a',
    '\0',
    '\u2028',
    '\uFEFF',
    'extends: .\n',
    '{% for i in (1..99999999) %}',
  )
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat({ max: 20 }),
  put: fc.oneof(fc.constantFrom(...TOKENS), fc.string({ unit: 'binary', maxLength: 5 })),
})
const mutated = (seeds: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 8 })).map(([seed, edits]) =>
    edits.reduce((text, { at, cut, put }) => {
      const place = Math.floor(at * text.length)
      return text.slice(0, place) + put + text.slice(place + cut)
    }, seed),
  )
const soup = fc.array(fc.constantFrom(...TOKENS), { maxLength: 40 }).map((tokens) => tokens.join(''))

describe('whatever is written', () => {
  it('a policy compiles or is explained, and resolves or is refused', () => {
    fc.assert(
      fc.property(fc.oneof(mutated([RIGHT, RIGHT, ...SEEDS]), soup), (text) => {
        tame(() => {
          const { policy, diagnostics } = compileFiles({ 'policy.yaml': text, ...AROUND })
          expect(policy === undefined).toBe(diagnostics.length > 0)
          if (policy !== undefined) resolveFor(policy, node({ role: 'web', env: 'x' }))
        })
      }),
      RUNS,
    )
  })

  it('a data layer and a component are read or explained', () => {
    fc.assert(
      fc.property(
        mutated(['port: 80\nusers: {a: null}\n', 'a: &x [1]\nb: *x\n']),
        mutated([AROUND['../c/policy.yaml']]),
        (layer, component) => {
          tame(() => compileFiles({ 'policy.yaml': RIGHT, ...AROUND, 'd.yaml': layer, '../c/policy.yaml': component }))
        },
      ),
      RUNS,
    )
  })

  it('an expression gives a value or an error', () => {
    const seeds = [
      "labels.a == 'b' && !(facts.n > 3) || version('1.2') >= version(labels.v)",
      '[1,2,3].map(x, x * 2).filter(y, y > 2).size() == 1 ? {"a": [1]} : vars.m["k"]',
      "labels.a.matches('^(a|b)+$') && has(vars.x.y.z) && 'x' in keys(vars)",
    ]
    const scope = { labels: { a: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa!', v: '1.10' }, facts: { n: 4 }, vars: { m: { k: 1 } } }
    fc.assert(
      fc.property(fc.oneof(mutated(seeds), soup), (text) => {
        tame(() => expression(text, 'value').evaluate(scope))
        tame(() => expression(text, 'condition').test(scope))
      }),
      { numRuns: 1500 },
    )
  })

  it('a template gives text or an error', () => {
    const seeds = [
      '{% for x in vars.list %}{{ x | append: "y" }}{% else %}none{% endfor %}',
      '{% assign a = vars.list | map: "x" | join: "," %}{% if a == "b" %}{{ a }}{% endif %}{% case a %}{% when 1 %}{% endcase %}',
    ]
    const scope = { vars: { list: [{ x: 'a' }, { x: 'b' }], port: 80 } }
    fc.assert(
      fc.property(fc.oneof(mutated(seeds), soup), (text) => {
        tame(() => liquidTemplate('t', text).render(scope))
      }),
      RUNS,
    )
  })
})

describe('whatever bytes', () => {
  const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
  const { files } = compileFiles({ 'policy.yaml': RIGHT, ...AROUND })
  const bundle = buildBundle(rightPolicy({ 'policy.yaml': RIGHT, ...AROUND }), files, sha256)
  const blocks = [...bundle.blocks].map((block) => block.bytes)
  const damaged = fc
    .tuple(
      fc.constantFrom(...blocks),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
      fc.nat(3),
    )
    .map(([bytes, edits, cut]) => {
      const copy = Uint8Array.from(bytes.subarray(0, bytes.length - cut))
      for (const [at, byte] of edits) copy[at % copy.length] = byte
      return copy
    })

  it('a bundle is read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        tame(() => parseBundleRoot(bytes))
        tame(() => {
          const policy = readPolicy(bytes)
          resolveFor(policy, node({ role: 'web', env: 'x' }))
        })
      }),
      { numRuns: 2000 },
    )
  })

  it('the header of a secret is read or refused', () => {
    const header = secretHeader({ mesh: 'm', policy: 'a/b', name: 'n', version: 1 })
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), (edits) => {
        const copy = Uint8Array.from(header)
        for (const [at, byte] of edits) copy[at % copy.length] = byte
        tame(() => readSecretHeader(copy))
      }),
      RUNS,
    )
  })
})
