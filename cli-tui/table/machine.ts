import type { CommandSpec } from '../command.ts'

/** Commands about the daemon and the host under it. */
export const MACHINE: readonly CommandSpec[] = [
  {
    name: 'init',
    group: 'This machine',
    summary: 'Start a new mesh with this machine as its first node',
    details:
      'Makes the charter, a root key and a recovery key. The root key is written to a file outside the state folder and is read only by commands that ' +
      'change the charter; the daemon never sees it. The recovery key is printed once and stored nowhere: write it down. Whoever holds it can take over the mesh, ' +
      'and nobody without it can replace a lost root key.',
    args: [{ name: 'NAME', help: 'a name for the mesh, such as prod' }],
    options: [
      { flags: '--name <NODE>', help: "this node's name (default: the host name)" },
      { flags: '--label <KEY=VALUE>', help: "a label of this node's certificate", many: true },
      { flags: '--root-key <FILE>', help: 'where to write the root key (default: ~/.config/chorus/NAME.root.key)' },
      { flags: '--passphrase', help: 'ask for a passphrase that protects the root key' },
      {
        flags: '--passphrase-file <FILE>',
        help: 'protect the root key with the first line of FILE (- for the standard input)',
      },
      { flags: '--recovery-file <FILE>', help: 'write the recovery key to FILE (0600) instead of printing it' },
    ],
    examples: [
      ['init prod', 'make the mesh prod, then start the daemon with: chorus up'],
      ['init lab --state ./a --name a', 'a second node on this machine, in a folder of its own'],
    ],
    load: () => import('../commands/init.ts'),
  },
  {
    name: 'up',
    group: 'This machine',
    summary: 'Run the daemon in the foreground',
    details:
      'Stops in good order at Ctrl-C or SIGTERM. With --observe this node reports what it would change and never changes it; no policy overrides that.',
    options: [
      { flags: '--observe', help: 'report, and change nothing on this host' },
      { flags: '--user', help: 'run without root: manage only what this user may change' },
      {
        flags: '--listen <ADDR>',
        help: 'listen address, such as 0.0.0.0:4700 or a multiaddr; none for outbound only',
        many: true,
      },
      {
        flags: '--announce <ADDR>',
        help: 'address that others should dial, when it differs from the listen address',
        many: true,
      },
      { flags: '--bootstrap <ADDR>', help: 'another node to dial: a multiaddr that ends in /p2p/ID', many: true },
      { flags: '--metrics <ADDR>', help: 'serve Prometheus metrics over HTTP on loopback, such as 127.0.0.1:9470' },
      { flags: '--log-level <LEVEL>', help: 'how much to log', choices: ['debug', 'info', 'warn', 'error'] },
    ],
    examples: [
      ['up', 'run this node'],
      ['up --observe', 'watch beside another tool for the first weeks'],
      ['up --user --listen 127.0.0.1:0', 'try it without root, on loopback'],
    ],
    load: () => import('../commands/up.ts'),
  },
  {
    name: 'capture',
    group: 'This machine',
    summary: 'Print a policy for what is on this machine: files, users, packages, services',
    details:
      'Changes nothing, and shows no content that not everybody here may read: that becomes a secret. Notes on what is left to do go to stderr.',
    args: [{ name: 'WHAT...', help: 'file:/path, user:NAME, group:NAME, ssh_keys:USER, package:NAME, service:NAME' }],
    options: [
      { flags: '--policy <NAME>', help: 'the name of the policy (default: host/ and the host name)' },
      { flags: '--name <NODE>', help: 'the node that it is for (default: the host name)' },
    ],
    examples: [['capture file:/etc/motd user:deploy package:nginx service:nginx', 'to start from what is there']],
    load: () => import('../commands/capture.ts'),
  },
  {
    name: 'converge',
    group: 'This machine',
    summary: 'Make this machine match its policies now, or match one bundle without a mesh',
    details:
      'Without FILE it asks the daemon to check and apply now. With FILE (a bundle from "chorus build", or a policy folder) it runs once, on this machine, with no daemon and no mesh.',
    args: [{ name: '[FILE]', help: 'a bundle or a policy folder' }],
    options: [
      { flags: '--dry-run', help: 'show what would change, and change nothing' },
      { flags: '--deep', help: 'read every file again, also those that have not changed since (with FILE)' },
      { flags: '--label <KEY=VALUE>', help: 'a label to assume (with FILE)', many: true },
      { flags: '--name <NODE>', help: 'the node name to assume (with FILE; default: the host name)' },
      { flags: '--set <KEY=VALUE>', help: 'fill or replace a variable (with a policy folder)', many: true },
    ],
    examples: [
      ['converge', 'check and repair now'],
      ['converge policies/examples/hello --dry-run', 'try a policy on this machine, without a mesh'],
    ],
    load: () => import('../commands/converge.ts'),
  },
  {
    name: 'hold',
    group: 'This machine',
    summary: 'Hands off: stop changing this machine for a while',
    details: 'Works without a network and is shown on every screen. The daemon keeps checking and reporting.',
    args: [{ name: 'REASON', help: 'why, for those who will wonder' }],
    options: [{ flags: '--for <TIME>', help: 'how long, such as 2h (default: until "chorus unhold")' }],
    examples: [['hold --for 2h "replacing the disk"', 'no changes for two hours']],
    load: () => import('../commands/hold.ts'),
  },
  {
    name: 'unhold',
    group: 'This machine',
    summary: 'End a hold and converge again',
    examples: [['unhold', 'hands on']],
    load: () => import('../commands/unhold.ts'),
  },
  {
    name: 'restore',
    group: 'This machine',
    summary: 'Bring back a file that a run has overwritten or removed',
    details:
      'Every run copies what it overwrites to a store that only root can read. Works without the daemon. What is at PATH now is kept as well.',
    args: [{ name: '[PATH]', help: 'the file; all files with --list' }],
    options: [
      { flags: '--list', help: 'show which copies there are, and change nothing' },
      { flags: '--id <ID>', help: 'which copy, by the beginning of its id (default: the newest)' },
    ],
    examples: [
      ['restore --list', 'which copies there are'],
      ['restore /etc/ssh/sshd_config', 'the content from before the last change'],
    ],
    load: () => import('../commands/restore.ts'),
  },
  {
    name: 'doctor',
    group: 'This machine',
    summary: 'Look for what is wrong or about to go wrong, and say what to do',
    options: [],
    examples: [['doctor', 'check this node; exit 1 if something is wrong']],
    load: () => import('../commands/doctor.ts'),
  },
  {
    name: 'demo',
    group: 'This machine',
    summary: 'Run five real peers on this machine and show what they do',
    details:
      'Separate processes with keys and folders of their own, over TCP on loopback. On a terminal the mesh stays up until Ctrl-C. Everything it made is removed at the end.',
    options: [{ flags: '--keep', help: 'leave the folders behind' }],
    examples: [['demo', 'about half a minute']],
    load: () => import('../commands/demo.ts'),
  },
]
