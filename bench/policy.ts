import { compile, evaluateSelector, memorySource, resolve, RESOURCE_TYPES } from '../policies/index.ts'
import type { Compiled, NodeContext, PolicySource } from '../policies/index.ts'
import { spreadOf } from './lib/figures.ts'
import { report } from './lib/results.ts'

/**
 * The four figures of the policy language: compiling 1,000 and 10,000 resources with three layers, asking 100,000 nodes
 * whether a policy is for them, and resolving the 1,000 resources of one node. Policies as people write them: half of the
 * resources with expressions, a tenth with a template, and references.
 */
const node: NodeContext = {
  labels: { role: 'web', env: 'prod', rack: 'r1' },
  facts: { os: { id: 'debian' } },
  node: { name: 'n1', id: 'id1' },
}

function source(resources: number): PolicySource {
  const lines = Array.from({ length: resources }, (_, i) => {
    const before = i % 5 === 0 ? '' : `, require: [file/f${i - 1}]`
    if (i % 10 === 3) return `  file/f${i}: { path: /srv/app/f${i}, template: t.liquid, mode: "0644"${before} }`
    const content = i % 2 === 0 ? `port \${vars.port} of \${node.name}, item ${i}` : `item ${i}`
    return `  file/f${i}: { path: "/srv/app/f${i}", content: "${content}", mode: "0640"${before} }`
  })
  return memorySource({
    'policy.yaml': `policy: bench/site\nselect: labels.role == 'web'\nvars: { port: 80, name: TBD, hosts: {} }\ndata: [common.yaml, "env/\${labels.env}.yaml", "node/\${node.name}.yaml"]\nresources:\n${lines.join('\n')}\n`,
    'common.yaml': 'name: site\nport: 81\nhosts: {a: {ip: "10.0.0.1"}, b: {ip: "10.0.0.2"}}\n',
    'env/prod.yaml': 'port: 443\nhosts: {c: {ip: "10.0.0.3"}}\n',
    'node/n1.yaml': 'hosts: {a: null}\n',
    't.liquid': 'name {{ vars.name }}\n{% for host in vars.hosts %}host {{ host[0] }} {{ host[1].ip }}\n{% endfor %}',
  })
}

/** Milliseconds of `runs` runs after two that warm up. */
function timed(runs: number, action: () => unknown): readonly number[] {
  const sample: number[] = []
  for (let i = -2; i < runs; i++) {
    const start = performance.now()
    action()
    if (i >= 0) sample.push(performance.now() - start)
  }
  return sample
}

function compiled(from: PolicySource): Compiled & { readonly policy: object } {
  const result = compile(from, { types: RESOURCE_TYPES })
  const { policy } = result
  if (policy === undefined) throw new Error(result.diagnostics[0]?.message ?? 'it does not compile')
  return { ...result, policy }
}

const thousand = source(1_000)
const tenThousand = source(10_000)
const nodes = Array.from({ length: 100_000 }, (_, i): NodeContext => ({
  labels: { role: i % 3 === 0 ? 'db' : 'web', env: i % 2 === 0 ? 'prod' : 'dev', rack: `r${i % 40}` },
  facts: {},
  node: { name: `n${i}`, id: `id${i}` },
}))
const select = "labels.role == 'web' && labels.env in ['prod', 'stage'] && !labels.rack.endsWith('7')"
const { policy } = compiled(thousand)

function resolveOne(): void {
  const { resources, errors } = resolve(policy, node, new Set(), RESOURCE_TYPES)
  if (resources.length !== 1_000) throw new Error(errors[0]?.message ?? `${resources.length} resources`)
}

const figures = [
  { name: 'compile 1,000 resources with 3 layers', aimMs: 200, sample: timed(10, () => compiled(thousand)) },
  { name: 'compile 10,000 resources with 3 layers', aimMs: 2_000, sample: timed(3, () => compiled(tenThousand)) },
  {
    name: 'select over the labels of 100,000 nodes',
    aimMs: 100,
    sample: timed(15, () => nodes.filter((one) => evaluateSelector(select, one).selected)),
  },
  { name: "resolve one node's 1,000 resources", aimMs: 20, sample: timed(30, resolveOne) },
]

report('policy', {
  figures: figures.map(({ name, aimMs, sample }) => {
    const ms = spreadOf(sample)
    return { name, aimMs, ms, reached: ms.p50 <= aimMs }
  }),
})
