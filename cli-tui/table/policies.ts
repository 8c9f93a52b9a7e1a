import type { CommandSpec, OptionSpec } from '../command.ts'

const SET: OptionSpec = {
  flags: '--set <KEY=VALUE>',
  help: 'fill or replace a variable; VALUE is read as YAML',
  many: true,
}
const WAIT: readonly OptionSpec[] = [
  { flags: '--wait', help: 'wait until the nodes that it selects have converged (exit 3 if they do not)' },
  { flags: '--timeout <TIME>', help: 'how long to wait (default: 5m)' },
]
const SIGNING: readonly OptionSpec[] = [
  { flags: '--key <FILE>', help: "sign with this publisher's key instead of the node's own" },
  { flags: '--passphrase-file <FILE>', help: 'passphrase of the key file (- for the standard input)' },
  { flags: '--message <TEXT>', help: 'why, for the log' },
  { flags: '--local', help: 'do not wait for another peer to hold the bundle' },
]

/** Commands that make, send and take back policy versions. */
export const POLICIES: readonly CommandSpec[] = [
  {
    name: 'publish',
    group: 'Policies',
    summary: 'Compile a policy folder, sign it and send it to the mesh',
    details:
      'Done when the entry is durable here and another peer holds the bundle. --wait counts the nodes seen in the last 10 minutes and lists the rest.',
    args: [{ name: 'DIR', help: 'the folder with policy.yaml' }],
    options: [
      ...WAIT,
      { flags: '--dry-run', help: 'compile and show what would be published, and send nothing' },
      {
        flags: '--partial',
        help: 'publish although some nodes cannot resolve it, or another policy claims the same there',
      },
      SET,
      ...SIGNING,
    ],
    examples: [
      ['publish policies/examples/hello --wait', 'publish, and wait until it is everywhere'],
      ['publish web/site --set port=8443 --message "new port"', 'with a variable and a reason'],
      ['publish web/site --key ci.key', "from CI, with CI's own key"],
    ],
    load: () => import('../commands/publish.ts'),
  },
  {
    name: 'plan',
    group: 'Policies',
    summary: 'Show what a policy would change on this machine, and which nodes it matches',
    details:
      'The same code path as converging, with diffs; nothing is changed and nothing is published. Without a daemon it plans for this machine alone.',
    args: [{ name: 'DIR', help: 'the folder with policy.yaml, or a bundle file' }],
    options: [SET, { flags: '--label <KEY=VALUE>', help: 'a label to assume when there is no daemon', many: true }],
    examples: [['plan policies/examples/hello', 'what would change here']],
    load: () => import('../commands/plan.ts'),
  },
  {
    name: 'build',
    group: 'Policies',
    summary: 'Compile a policy folder into one bundle file, without a mesh',
    details: 'The same folder gives the same bundle on any machine.',
    args: [{ name: 'DIR', help: 'the folder with policy.yaml' }],
    options: [
      { flags: '-o, --output <FILE>', help: 'where to write the bundle (default: NAME.bundle)' },
      { flags: '--force', help: 'replace an existing file' },
      SET,
    ],
    examples: [['build policies/examples/hello -o hello.bundle', 'for "chorus converge hello.bundle" elsewhere']],
    load: () => import('../commands/build.ts'),
  },
  {
    name: 'lint',
    group: 'Policies',
    summary: 'Check a policy folder and show every problem with its place',
    args: [{ name: 'DIR', help: 'the folder with policy.yaml' }],
    options: [SET, { flags: '--strict', help: 'warnings count as errors' }],
    examples: [['lint policies/examples/hello', 'exit 1 if something is wrong']],
    load: () => import('../commands/lint.ts'),
  },
  {
    name: 'fmt',
    group: 'Policies',
    summary: 'Write policies and their data in their one form; comments stay',
    details: 'Of a folder: policy.yaml and what is in data/. Nothing changes what a policy means, or its bundle.',
    args: [
      { name: '[PATH]', help: 'a folder with policy.yaml, a folder of such folders, or a file (default: this folder)' },
    ],
    options: [{ flags: '--check', help: 'change nothing, and exit 1 if something is not in its form' }],
    examples: [['fmt --check policies/examples/hello', 'for CI']],
    load: () => import('../commands/fmt.ts'),
  },
  {
    name: 'explain',
    group: 'Policies',
    summary: 'Where the value of a variable comes from on a node: every layer, the winner, file and line',
    args: [
      { name: 'PATH', help: 'such as vars.port or vars.users.alice' },
      { name: '[DIR]', help: 'the folder with policy.yaml (default: this one)' },
    ],
    options: [
      { flags: '--node <NODE>', help: 'the node (default: this one)' },
      { flags: '--label <KEY=VALUE>', help: 'make up a node with this label, without a daemon', many: true },
      { flags: '--policy <POLICY>', help: 'the version in force here instead of a folder; lines are not known then' },
      SET,
    ],
    examples: [
      ['explain vars.port web/site --node web-1', 'what web-1 gets, and from which line'],
      ['explain greeting policies/examples/hello --label env=prod', 'without a mesh'],
    ],
    load: () => import('../commands/explain.ts'),
  },
  {
    name: 'rollback',
    group: 'Policies',
    summary: 'Publish an earlier version of a policy again, as a new version',
    args: [
      { name: 'POLICY', help: 'such as web/site' },
      { name: '[VERSION]', help: 'sequence number or id of the version to return to (default: the one before)' },
    ],
    options: [...WAIT, ...SIGNING],
    examples: [
      ['rollback web/site --wait', 'back to the version before'],
      ['rollback web/site 4', 'back to what version 4 said'],
    ],
    load: () => import('../commands/rollback.ts'),
  },
  {
    name: 'retire',
    group: 'Policies',
    summary: 'End a policy everywhere',
    details: 'Publishes a version that says so. Resources are left or undone as their onRemove says.',
    args: [{ name: 'POLICY', help: 'such as web/site' }],
    options: [...WAIT, ...SIGNING, { flags: '--yes', help: 'do not ask' }],
    examples: [['retire web/old --yes', 'end web/old']],
    load: () => import('../commands/retire.ts'),
  },
  {
    name: 'docs',
    group: 'Policies',
    summary: 'Print what a resource type does, its attributes and an example',
    args: [{ name: '[TYPE]', help: 'such as file; policy for a policy itself; all types when left out' }],
    options: [{ flags: '--schema', help: 'print the JSON Schema' }],
    examples: [
      ['docs file', 'all attributes of file'],
      ['docs policy --schema > policy.schema.json', 'for completion and hover in an editor'],
    ],
    load: () => import('../commands/docs.ts'),
  },
]
