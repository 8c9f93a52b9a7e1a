import type { CommandSpec } from '../command.ts'

/** The simulator: what a policy, a fault or a thief does to a fleet, before it happens. */
export const SIMULATION: readonly CommandSpec[] = [
  {
    name: 'sim run',
    group: 'Simulation',
    summary: 'Run a scenario in virtual time, with the engine of the daemon (exit 3 when an expectation is not met)',
    details:
      'The same scenario and seed give the same run on any machine. Nothing here touches a real node. Ctrl-C ends a run early and keeps what it has come to. ' +
      'docs/simulator.md says what a scenario may hold and how to read a report.',
    args: [{ name: 'SCENARIO', help: 'a scenario file, or the name of a ready one ("chorus sim list")' }],
    options: [
      { flags: '--seed <N>', help: 'everything random comes from it (default: what the scenario says)' },
      { flags: '--seeds <FROM..TO>', help: 'several seeds, each in a thread: means with confidence intervals' },
      { flags: '--jobs <N>', help: 'threads at once, with --seeds (default: half of the cores)' },
      { flags: '--nodes <N>', help: 'another number of nodes, in the same proportions' },
      { flags: '--fleet <FILE>', help: 'the nodes of a real mesh, from "chorus export --fleet"' },
      {
        flags: '--policy <DIR>',
        help: 'publish this policy folder instead of what the scenario publishes',
        many: true,
      },
      {
        flags: '--fail <CONDITION>',
        help: 'hosts on which what is published fails, such as "facts.os.version == \'11\'"',
      },
      {
        flags: '--tui',
        help: 'watch it on the screens of "chorus top": p pauses, + and - change the speed, ? lists faults',
      },
      { flags: '--report <DIR>', help: 'write run.json, tables (CSV) and report.html there' },
    ],
    examples: [
      ['sim run lan-100', 'a ready scenario'],
      ['sim run three-regions --nodes 1000 --tui', 'watch it, and break things while it runs'],
      ['sim run million --nodes 100000 --report out', 'smaller, with a page of charts: out/report.html'],
      ['sim run three-regions --seeds 1..8 --nodes 1000', 'eight seeds, with confidence intervals'],
      [
        'sim run lan-100 --fleet fleet.json --policy policies/examples/hello --fail "facts.os.version == \'11\'"',
        'my fleet, my next policy: who is hit if it fails there?',
      ],
    ],
    load: () => import('../commands/sim-run.ts'),
  },
  {
    name: 'sim list',
    group: 'Simulation',
    summary: 'Ready scenarios',
    examples: [['sim list', 'run one with: chorus sim run NAME']],
    load: () => import('../commands/sim-list.ts'),
  },
  {
    name: 'sim replay',
    group: 'Simulation',
    summary: 'The same run again, stopped at a time, with the whole state of one node',
    args: [{ name: 'RUN', help: 'run.json of "chorus sim run --report"' }],
    options: [
      { flags: '--at <TIME>', help: 'virtual time at which to stop, such as 12.5s (default: its end)' },
      { flags: '--node <NODE>', help: 'a node by name or number: its state and its last events' },
      { flags: '--record <ID>', help: 'the way of one record (its id, or a unique prefix) through the fleet' },
      { flags: '--limit <N>', help: 'at most this many events (default: 40)' },
    ],
    examples: [
      ['sim replay out/run.json --at 12.5s --node 417', 'what did node 417 know then?'],
      ['sim replay out/run.json --record bafyrei', 'where did this record go?'],
    ],
    load: () => import('../commands/sim-replay.ts'),
  },
  {
    name: 'sim compare',
    group: 'Simulation',
    summary: 'What got better or worse between two runs, with 95% confidence intervals',
    details:
      'A and B are a run.json each, or folders with the runs of several seeds (as "chorus sim run --seeds --report" or the pods of a job leave them). With A alone its seeds are merged.',
    args: [
      { name: 'A', help: 'a run, or a folder of runs' },
      { name: '[B]', help: 'what to compare it with' },
    ],
    examples: [
      ['sim compare before/run.json after/run.json', 'two runs'],
      ['sim compare seeds', 'all runs in a folder, merged'],
    ],
    load: () => import('../commands/sim-compare.ts'),
  },
  {
    name: 'sim schema',
    group: 'Simulation',
    summary: 'Print the JSON Schema of scenario files, for editors',
    examples: [['sim schema > scenario.schema.json', 'completion and marks while you write one']],
    load: () => import('../commands/sim-schema.ts'),
  },
]
