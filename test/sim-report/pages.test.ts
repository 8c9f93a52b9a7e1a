import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import { parse } from '../../cli-tui/parse.ts'
import { TABLE } from '../../cli-tui/table/index.ts'
import { formatDiagnostic } from '../../policies/index.ts'
import { readScenario, scenarioJsonSchema } from '../../topology-sim/index.ts'

const page = readFileSync('docs/simulator.md', 'utf8')

describe('docs/simulator.md', () => {
  it('shows a scenario that can be run', () => {
    const scenarios = [...page.matchAll(/```yaml\n(scenario: [\s\S]*?)```/g)].map((match) => match[1] ?? '')
    expect(scenarios.length).toBeGreaterThan(0)
    for (const text of scenarios) expect(readScenario('docs', text).diagnostics.map(formatDiagnostic)).toEqual([])
  })

  it('names every part of a scenario, every event and every expectation', () => {
    const schema: unknown = scenarioJsonSchema()
    // Its own JSON Schema, made a line above.
    const { properties } = schema as {
      properties: Record<string, { items?: { anyOf: { properties: object; required: string[] }[] } }>
    }
    const kinds = ['events', 'expect'].flatMap((list) =>
      (properties[list]?.items?.anyOf ?? []).flatMap(({ required }) => required.filter((key) => key !== 'at')),
    )
    expect(kinds.length).toBeGreaterThan(20)
    const parts = Object.keys(properties).filter((key) => !['events', 'expect'].includes(key))
    const missing = [...parts, ...new Set(kinds)].filter((key) => !page.includes(`\`${key}`))
    // `takes` and `by` belong to their events; `publishes` and `from` as well.
    expect(missing.filter((key) => !['takes', 'by', 'do', 'publishes', 'from'].includes(key))).toEqual([])
  })
})

/** What a Job may hold (Kubernetes API reference, batch/v1 and core/v1), as far as the example uses it; nothing else passes. */
const name = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
const labels = z.record(z.string(), z.string())
const quantity = z.string().regex(/^\d+(\.\d+)?(m|Ki|Mi|Gi)?$/)
const job = z.strictObject({
  apiVersion: z.literal('batch/v1'),
  kind: z.literal('Job'),
  metadata: z.strictObject({ name, labels }),
  spec: z.strictObject({
    completionMode: z.enum(['Indexed', 'NonIndexed']),
    completions: z.int().min(1),
    parallelism: z.int().min(1),
    backoffLimitPerIndex: z.int().min(0),
    activeDeadlineSeconds: z.int().min(1),
    ttlSecondsAfterFinished: z.int().min(0),
    podFailurePolicy: z.strictObject({
      rules: z.array(
        z.strictObject({
          action: z.enum(['FailJob', 'FailIndex', 'Ignore', 'Count']),
          onExitCodes: z
            .strictObject({
              containerName: name,
              operator: z.enum(['In', 'NotIn']),
              values: z.array(z.int().min(1).max(255)),
            })
            .optional(),
          onPodConditions: z
            .array(z.strictObject({ type: z.string(), status: z.enum(['True', 'False', 'Unknown']) }))
            .optional(),
        }),
      ),
    }),
    template: z.strictObject({
      metadata: z.strictObject({ labels }),
      spec: z.strictObject({
        restartPolicy: z.enum(['Never', 'OnFailure']),
        automountServiceAccountToken: z.boolean(),
        securityContext: z.strictObject({
          runAsNonRoot: z.boolean(),
          runAsUser: z.int(),
          fsGroup: z.int(),
          seccompProfile: z.strictObject({ type: z.enum(['RuntimeDefault', 'Unconfined']) }),
        }),
        containers: z.array(
          z.strictObject({
            name,
            image: z.string(),
            command: z.array(z.string()),
            env: z.array(
              z.strictObject({
                name: z.string(),
                valueFrom: z.strictObject({ fieldRef: z.strictObject({ fieldPath: z.string() }) }),
              }),
            ),
            resources: z.strictObject({
              requests: z.record(z.string(), quantity),
              limits: z.record(z.string(), quantity),
            }),
            securityContext: z.strictObject({
              allowPrivilegeEscalation: z.boolean(),
              readOnlyRootFilesystem: z.boolean(),
              capabilities: z.strictObject({ drop: z.array(z.string()) }),
            }),
            volumeMounts: z.array(z.strictObject({ name, mountPath: z.string(), readOnly: z.boolean().optional() })),
          }),
        ),
        volumes: z.array(
          z.strictObject({
            name,
            configMap: z.strictObject({ name }).optional(),
            persistentVolumeClaim: z.strictObject({ claimName: name }).optional(),
          }),
        ),
      }),
    }),
  }),
})

describe('docs/examples/sim-job.yaml', () => {
  const document = parseDocument(readFileSync('docs/examples/sim-job.yaml', 'utf8'))
  const { spec } = job.parse(document.toJS())
  const pod = spec.template.spec
  const [container] = pod.containers

  it('is strict YAML and a Job as the API takes it', () => {
    expect([...document.errors, ...document.warnings]).toEqual([])
    // What the API server checks between fields.
    expect([spec.completionMode, pod.restartPolicy]).toEqual(['Indexed', 'Never'])
    expect(spec.parallelism).toBeLessThanOrEqual(spec.completions)
    const names = pod.containers.map((one) => one.name)
    for (const { onExitCodes } of spec.podFailurePolicy.rules)
      if (onExitCodes !== undefined) expect(names).toContain(onExitCodes.containerName)
    const volumes = pod.volumes.map((volume) => volume.name)
    expect(container?.volumeMounts.map((mount) => mount.name)).toEqual(volumes)
  })

  it('runs a command that there is, with the index of the pod as its seed', async () => {
    const [variable] = container?.env ?? []
    expect(variable?.valueFrom.fieldRef.fieldPath).toBe(
      "metadata.annotations['batch.kubernetes.io/job-completion-index']",
    )
    const [program, ...argv] = (container?.command ?? []).map((word) => word.replaceAll(`$(${variable?.name})`, '7'))
    expect(program).toBe('chorus')
    const world = { paint: (_style: unknown, text: string): string => text, columns: 80, version: '0' }
    const parsed = await parse(argv, TABLE, world)
    expect(parsed).toMatchObject({ spec: { name: 'sim run' }, input: { args: ['/scenario/scenario.yaml'] } })
    expect('input' in parsed && parsed.input.options.text('report')).toBe('/results/seed-7')
  })
})
