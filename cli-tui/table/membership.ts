import type { CommandSpec } from '../command.ts'

/** Commands about who belongs to the mesh. */
export const MEMBERSHIP: readonly CommandSpec[] = [
  {
    name: 'invite',
    group: 'Membership',
    summary: 'Print a token that lets another machine join',
    details: 'The token is a secret until it is used or expires. Only the token goes to stdout.',
    options: [
      { flags: '--name <NODE>', help: "fix the new node's name" },
      { flags: '--label <KEY=VALUE>', help: "a label of the new node's certificate", many: true },
      { flags: '--expires <TIME>', help: 'how long it can be used (default: 24h)' },
      { flags: '--uses <N>', help: 'how many machines may use it (default: 1)' },
    ],
    examples: [
      ['invite --name web-1 --label role=web', 'a token for web-1'],
      ['invite --label env=lab --uses 20 --expires 2h', 'a token for an image that twenty machines boot from'],
    ],
    load: () => import('../commands/invite.ts'),
  },
  {
    name: 'join',
    group: 'Membership',
    summary: 'Make this machine a node of the mesh that a token names',
    details:
      'The token can also come from a file or, as -, from the standard input, which keeps it out of the process list.',
    args: [{ name: '[TOKEN]', help: 'from "chorus invite"' }],
    options: [
      { flags: '--token-file <FILE>', help: 'read the token from FILE (- for the standard input)' },
      { flags: '--name <NODE>', help: "this node's name, if the token does not fix it (default: the host name)" },
    ],
    examples: [
      ['join TOKEN', 'then start the daemon with: chorus up'],
      ['join --token-file - < token', 'without the token in the process list'],
    ],
    load: () => import('../commands/join.ts'),
  },
  {
    name: 'leave',
    group: 'Membership',
    summary: 'Take this machine out of the mesh for good',
    details:
      'Signs a farewell that every node keeps. What policies set up stays as it is. Joining again needs a new invite.',
    options: [{ flags: '--yes', help: 'do not ask' }],
    examples: [['leave --yes', 'leave, from a script']],
    load: () => import('../commands/leave.ts'),
  },
  {
    name: 'nodes',
    group: 'Membership',
    summary: 'List the nodes, their labels, health and versions',
    args: [{ name: '[NODE]', help: 'one node: name, id, or a unique prefix' }],
    options: [
      { flags: '--select <CEL>', help: 'only nodes that this condition matches, as in a policy' },
      { flags: '--state-is <STATE>', help: 'only nodes in this state, such as failed' },
      { flags: '--check', help: 'exit 3 if a node that is listed has a problem' },
      { flags: '--runs', help: 'of one node: outcomes and diffs of its last runs, asked of it over the mesh' },
    ],
    examples: [
      ['nodes', 'everyone'],
      ['nodes web-1', 'all about one node'],
      ['nodes web-1 --runs', 'what its last runs changed, with diffs (wants the verb observe there)'],
      [`nodes --select "labels.role == 'web'"`, 'whom a policy would reach'],
      [`nodes --select "labels.role == 'web'" --check`, 'a health check of one role'],
    ],
    load: () => import('../commands/nodes.ts'),
  },
  {
    name: 'relabel',
    group: 'Membership',
    summary: "Change a node's name or labels with a new certificate",
    details: 'Needs a node that is an enroller for the old and the new labels.',
    args: [{ name: 'NODE', help: 'name, id, or a unique prefix' }],
    options: [
      { flags: '--name <NEW>', help: 'the new name' },
      { flags: '--label <KEY=VALUE>', help: 'set a label', many: true },
      { flags: '--unlabel <KEY>', help: 'remove a label', many: true },
    ],
    examples: [['relabel web-1 --label env=prod --unlabel canary', 'move it to prod']],
    load: () => import('../commands/relabel.ts'),
  },
]
