/**
 * What came of a run: the JSON of `chorus sim run --json` and of `run.json`. Times are virtual milliseconds (since the start
 * unless a name says otherwise), sizes bytes, shares 0 to 1. Everything but `machine` follows from scenario and seed alone.
 */
export interface RunResult {
  readonly v: 1
  readonly kind: 'sim-run'
  readonly scenario: string
  readonly about: string
  /** How to get the same run again. */
  readonly again: RunAgain
  readonly seed: number
  readonly nodes: number
  readonly network: 'model' | 'exact'
  /** False: it was stopped (Ctrl-C) and this is what it had come to. */
  readonly complete: boolean
  readonly endedMs: number
  readonly events: number
  /** Of every event: equal for equal scenario and seed, on any machine. */
  readonly traceHash: string
  readonly fleet: FleetFigures
  readonly publications: readonly PublicationResult[]
  readonly traffic: TrafficFigures
  readonly convergence: ConvergenceFigures
  readonly expectations: readonly ExpectationResult[]
  readonly violations: readonly {
    readonly invariant: string
    readonly atMs: number
    readonly node: string
    readonly message: string
  }[]
  readonly timeline: readonly TimelineEntry[]
  readonly topology: TopologySample
  /** The one part that differs from machine to machine; absent when nobody measured. */
  readonly machine?: { readonly tookMs: number; readonly eventsPerSecond: number; readonly peakBytes: number }
}

/** The options of the command, as `sim replay` needs them; paths as they were typed. */
export interface RunAgain {
  readonly file: string
  readonly nodes: number | null
  readonly fleet: string | null
  readonly policies: readonly string[]
  readonly fail: string | null
  /** sha2-256 (hex) of the scenario and of what it publishes: whether a replay is of the same thing. */
  readonly digest: string
}

export interface FleetFigures {
  readonly groups: readonly { readonly name: string; readonly nodes: number; readonly region: string }[]
  readonly regions: readonly { readonly name: string; readonly nodes: number }[]
  readonly up: number
  readonly beacons: boolean
}

/** Times until something happened on each of the nodes that it happened on. */
export interface Times {
  readonly count: number
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly last: number | null
  readonly mean: number | null
}

/** A share of nodes over time: `[ms after publishing, share]`, at most some hundred points. */
export type Curve = readonly (readonly [ms: number, share: number])[]

export interface PublicationResult {
  /** Its name in the scenario, and in the policy itself. */
  readonly name: string
  readonly policy: string
  readonly action: 'apply' | 'retire'
  readonly by: string
  /** With a stolen key. */
  readonly thief: boolean
  readonly version: string | null
  readonly atMs: number
  readonly acknowledgedMs: number | null
  /** The refusal, if it was not acknowledged. */
  readonly code: string | null
  readonly selected: number
  /** Of the nodes that are up at the end: those that hold the record; of those selected: those that applied it. */
  readonly reliability: number
  readonly converged: number
  readonly failed: number
  /** After publishing. */
  readonly delivered: Times
  readonly held: Times
  readonly applied: Times
  readonly hops: Times
  readonly copiesPerNode: number
  readonly curves: { readonly delivered: Curve; readonly applied: Curve }
  readonly regions: readonly RegionFigures[]
  readonly blast: BlastRadius
}

export interface RegionFigures {
  readonly region: string
  readonly selected: number
  readonly delivered: Times
  readonly applied: Times
}

/** Who is hit by a version: which hosts, which resources. */
export interface BlastRadius {
  /** Hosts on which its resources were worked on, whatever came of it. */
  readonly touched: number
  readonly failed: number
  /** Hosts that were never asked to apply it: the rest of those selected. */
  readonly spared: number
  readonly resources: readonly { readonly key: string; readonly hosts: number; readonly failed: number }[]
  readonly groups: readonly { readonly name: string; readonly touched: number; readonly failed: number }[]
  /** The first of those on which it failed, by name. */
  readonly hosts: readonly { readonly name: string; readonly atMs: number; readonly resource: string }[]
}

export interface TrafficFigures {
  readonly copies: number
  /** Sent and received. */
  readonly bytesPerNode: Times
  readonly bytesByGroup: readonly { readonly name: string; readonly mean: number; readonly max: number }[]
  readonly bytesBy: Readonly<Record<string, number>>
  /** Of one connection, on average. */
  readonly bytesPerLink: number
  readonly copiesPerLink: number
  /** `[from][to]`, in the order of `regions`. */
  readonly regions: readonly string[]
  readonly regionBytes: readonly (readonly number[])[]
  readonly hottest: readonly { readonly node: string; readonly bytes: number }[]
}

export interface ConvergenceFigures {
  readonly nodes: number
  readonly converged: number
  /** Up, and without a way to the others. */
  readonly isolated: number
  /** `degrees[d]`: nodes with d connections. */
  readonly degrees: readonly number[]
  /** When the last fault ended, and how long it took until every node that is up had applied what it should. */
  readonly faultsEndedMs: number | null
  readonly healMs: number | null
}

export interface ExpectationResult {
  readonly line: number
  /** In words: `at least 99% converged within 30s`. */
  readonly text: string
  readonly ok: boolean
  /** Null: there was nothing to measure, which is a failure. */
  readonly value: number | null
  readonly limit: number
  readonly found: string
}

export interface TimelineEntry {
  readonly atMs: number
  readonly kind: string
  readonly text: string
}

/** A part of the fleet to draw: nodes in the order of their numbers, and the connections between them. */
export interface TopologySample {
  readonly nodes: readonly {
    readonly name: string
    readonly region: number
    readonly group: number
    readonly state: string
  }[]
  readonly edges: readonly (readonly [number, number])[]
  readonly of: number
}
