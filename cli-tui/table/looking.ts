import type { CommandSpec } from '../command.ts'

/** Commands that only look, and those about the command itself. */
export const LOOKING: readonly CommandSpec[] = [
  {
    name: 'status',
    group: 'Looking',
    summary: 'This node, its policies and what needs attention (exit 3 when not converged)',
    options: [{ flags: '--verbose', help: 'also list every resource and neighbour' }],
    examples: [
      ['status', 'one screen'],
      ['status --json', 'for a script'],
    ],
    load: () => import('../commands/status.ts'),
  },
  {
    name: 'log',
    group: 'Looking',
    summary: 'What was published, by whom, and whether it counts',
    args: [{ name: '[POLICY]', help: 'one policy; everything when left out' }],
    options: [
      { flags: '--limit <N>', help: 'at most this many entries (default: 50)' },
      { flags: '--void', help: 'only entries that do not count, with the reason' },
    ],
    examples: [
      ['log web/site', 'versions, newest first'],
      ['log --void', 'what was refused, and why'],
    ],
    load: () => import('../commands/log.ts'),
  },
  {
    name: 'rollout',
    group: 'Looking',
    summary: 'How far versions that come in waves are',
    args: [{ name: '[POLICY]', help: 'one policy; all that come in waves when left out' }],
    examples: [
      ['rollout', 'every wave of every policy; exit 3 while one is under way or halted'],
      ['rollout web/site', 'one policy'],
    ],
    load: () => import('../commands/rollout.ts'),
  },
  {
    name: 'show',
    group: 'Looking',
    summary: 'Everything about one record, node or policy',
    args: [{ name: '[WHAT]', help: 'a record id, a policy (web/site or web/site@3), or a node' }],
    options: [
      { flags: '--resolved', help: 'the resources of a policy (of all without WHAT) as a node has them' },
      { flags: '--node <NODE>', help: 'with --resolved: which node (default: this one)' },
    ],
    examples: [
      ['show web/site', 'the version that is in force here'],
      ['show web/site@3', 'its third version'],
      ['show web/site --resolved --node web-1', 'with every expression evaluated for web-1'],
    ],
    load: () => import('../commands/show.ts'),
  },
  {
    name: 'why',
    group: 'Looking',
    summary: 'Why a node has a policy or has not, and why a resource is as it is there',
    details:
      'Takes select and when apart, names the origin of each value, who claims the same, and what stands in the way. Facts of other nodes are those that they told.',
    args: [
      { name: 'NODE', help: 'its name, id, or the start of either' },
      {
        name: '[WHAT]',
        help: 'a policy, or a resource such as file/motd, or web/site:file/motd for that of one policy',
      },
    ],
    options: [],
    examples: [
      ['why web-1', 'every policy, term by term'],
      ['why web-1 web/site', 'one policy'],
      ['why web-1 file/key', 'one resource and each of its values'],
    ],
    load: () => import('../commands/why.ts'),
  },
  {
    name: 'diff',
    group: 'Looking',
    summary: 'What differs between two versions of a policy',
    args: [
      { name: 'POLICY', help: 'such as web/site' },
      { name: '[FROM]', help: 'sequence number or id (default: the version before TO)' },
      { name: '[TO]', help: 'sequence number or id (default: the newest)' },
    ],
    options: [],
    examples: [['diff web/site 3 5', 'from version 3 to 5']],
    load: () => import('../commands/diff.ts'),
  },
  {
    name: 'top',
    group: 'Looking',
    summary: 'The whole mesh on one screen, live',
    details:
      'Keys are listed on the screen with "?". Needs a terminal of at least 60x16; NO_COLOR and locales without UTF-8 are respected.',
    examples: [['top', 'until q']],
    load: () => import('../commands/top.ts'),
  },
  {
    name: 'watch',
    group: 'Looking',
    summary: 'Follow events as they happen',
    options: [
      { flags: '--kind <KIND>', help: 'only this kind of event', many: true },
      {
        flags: '--level <LEVEL>',
        help: 'this level and above (default: info)',
        choices: ['debug', 'info', 'warn', 'error'],
      },
    ],
    examples: [['watch --json', 'JSON Lines, until Ctrl-C']],
    load: () => import('../commands/watch.ts'),
  },
  {
    name: 'export',
    group: 'Looking',
    summary: 'Write records and bundles to one file, for machines without a network',
    args: [{ name: '[FILE]', help: 'where to write it' }],
    options: [
      {
        flags: '--fleet <FILE>',
        help: 'write names, labels and facts of all nodes instead, for "chorus sim run --fleet"',
      },
      { flags: '--no-bundles', help: 'records only' },
      { flags: '--force', help: 'replace an existing file' },
    ],
    examples: [
      ['export mesh.chorus', 'carry it over, then: chorus import mesh.chorus'],
      ['export --fleet fleet.json', 'then: chorus sim run lan-100 --fleet fleet.json --policy DIR'],
    ],
    load: () => import('../commands/export.ts'),
  },
  {
    name: 'import',
    group: 'Looking',
    summary: 'Read a file that "chorus export" wrote; every record is checked as if a peer had sent it',
    args: [{ name: 'FILE', help: 'the file' }],
    options: [],
    examples: [['import mesh.chorus', 'bring a machine without a network up to date']],
    load: () => import('../commands/import.ts'),
  },
  {
    name: 'completion',
    group: 'Help',
    summary: 'Print a completion script for a shell',
    args: [{ name: '[SHELL]', help: 'bash, zsh or fish (default: from $SHELL)' }],
    options: [],
    examples: [['completion bash > /etc/bash_completion.d/chorus', 'for everyone on this machine']],
    load: () => import('../commands/completion.ts'),
  },
]
