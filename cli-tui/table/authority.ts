import type { CommandSpec, OptionSpec } from '../command.ts'

const ROOT: readonly OptionSpec[] = [
  { flags: '--root-key <FILE>', help: 'a root key (default: where init put it)', many: true },
  { flags: '--passphrase-file <FILE>', help: 'passphrase of the root key (- for the standard input)' },
]

/** Commands that need a root key: they sign here, never in the daemon. */
export const AUTHORITY: readonly CommandSpec[] = [
  {
    name: 'grant',
    group: 'Authority',
    summary: 'Let a node or a key publish policies',
    details:
      'Signs a new charter with the root key. A line for the same key and name is replaced; what was said under it stays valid.',
    args: [{ name: 'WHO', help: 'a node (name, id, prefix), a public key, or a key file made by "chorus keygen"' }],
    options: [
      { flags: '--publish <PATTERN>', help: "policies that it may publish and retire, such as 'web/*'", many: true },
      { flags: '--select <CEL>', help: 'on which nodes: a condition on labels (default: true, all)' },
      {
        flags: '--verb <VERB>',
        help: 'what it may do (default: publish and retire)',
        many: true,
        choices: ['publish', 'retire', 'rollout', 'secret', 'exec', 'observe'],
      },
      { flags: '--type <TYPE>', help: 'only these resource types', many: true },
      { flags: '--path <PREFIX>', help: 'only files below these folders', many: true },
      { flags: '--as <NAME>', help: "the line's name (default: the node's name, or the start of the key)" },
      { flags: '--expires <TIME>', help: 'ends after this time, such as 90d' },
      { flags: '--remove', help: 'take the line away; what was published under it stays valid' },
      ...ROOT,
    ],
    examples: [
      [`grant web-1 --publish 'web/*' --select "labels.role == 'web'"`, 'web-1 may publish web policies to web nodes'],
      ['grant ci.key --publish app/shop --expires 90d', 'a key file for CI, for 90 days'],
      ['grant web-1 --remove', 'web-1 may not publish any more'],
    ],
    load: () => import('../commands/grant.ts'),
  },
  {
    name: 'revoke',
    group: 'Authority',
    summary: 'Take back a member, a publisher or an invite at once',
    details:
      'A member is hung up on and gets no stream. Of a publisher, versions up to now stay valid unless --void-all is given. Signed with the root key.',
    args: [{ name: 'WHAT', help: 'a node, a key, or the id of an invite' }],
    options: [
      {
        flags: '--as <KIND>',
        help: 'what it is taken back as (default: found out)',
        choices: ['member', 'feed', 'invite'],
      },
      { flags: '--void-all', help: 'nothing that this key ever said stays valid' },
      ...ROOT,
      { flags: '--yes', help: 'do not ask' },
    ],
    examples: [
      ['revoke web-1 --as member', 'a stolen machine'],
      ['revoke ci --as feed --void-all', 'a stolen key: nothing it said counts'],
    ],
    load: () => import('../commands/revoke.ts'),
  },
  {
    name: 'charter show',
    group: 'Authority',
    summary: 'Show who may say what',
    isDefault: true,
    options: [{ flags: '--all', help: 'every charter, oldest first' }],
    examples: [['charter', 'roots, recovery, enrollers, grants']],
    load: () => import('../commands/charter-show.ts'),
  },
  {
    name: 'charter rotate',
    group: 'Authority',
    summary: 'Replace the root or recovery keys with the recovery key',
    details:
      'Only the recovery key can change roots or recovery, so that a stolen root key can never take the mesh. The epoch goes up, and the new charter is the law everywhere, ' +
      'whatever the old roots sign. By default a new root key is made. A replaced recovery key must stay secret for ever.',
    options: [
      { flags: '--recovery-key <FILE>', help: 'the recovery key (- for the standard input)', many: true },
      { flags: '--add-root <KEY>', help: 'make this public key (or key file) a root beside the old ones', many: true },
      { flags: '--remove-root <KEY>', help: 'take this root away and keep the others', many: true },
      { flags: '--threshold <N>', help: 'how many roots must sign (default: 1)' },
      { flags: '--new-recovery', help: 'also replace the recovery key; the new one is printed once' },
      { flags: '--root-key <FILE>', help: 'where to write the new root key' },
      { flags: '--passphrase', help: 'ask for a passphrase that protects the new root key' },
      { flags: '--passphrase-file <FILE>', help: 'protect the new root key with the first line of FILE' },
      { flags: '--void-old-roots', help: 'nothing that the old roots said stays valid' },
    ],
    examples: [
      ['charter rotate --recovery-key recovery.txt', 'a new root key in place of a lost or stolen one'],
      ['charter rotate --recovery-key - --add-root alice.key --threshold 2', 'two roots that must both sign'],
    ],
    load: () => import('../commands/charter-rotate.ts'),
  },
  {
    name: 'charter merge',
    group: 'Authority',
    summary: 'End a fork of the charter: sign one that follows all rivals',
    details:
      'Every role that any of the rivals gives stays. With --base only the roles of that rival stay, and nothing counts that the others made possible: use it when one of them was signed by a thief.',
    options: [{ flags: '--base <ID>', help: 'keep the roles of this rival only' }, ...ROOT],
    examples: [['charter merge', 'after two roots signed at the same time']],
    load: () => import('../commands/charter-merge.ts'),
  },
  {
    name: 'charter sign',
    group: 'Authority',
    summary: 'Add a root signature to a charter that needs several',
    args: [{ name: 'FILE', help: 'a draft that another command wrote because it lacked signatures' }],
    options: ROOT,
    examples: [['charter sign charter-3.draft --root-key bob.key', 'sign, and send it when enough have signed']],
    load: () => import('../commands/charter-sign.ts'),
  },
  {
    name: 'charter refresh',
    group: 'Authority',
    summary: 'Sign the charter again with a later date to refresh it by',
    options: [{ flags: '--for <TIME>', help: 'until when it is fresh (default: 365d)' }, ...ROOT],
    examples: [['charter refresh', 'once a year, when doctor says so']],
    load: () => import('../commands/charter-refresh.ts'),
  },
  {
    name: 'charter enroller add',
    group: 'Authority',
    summary: 'Let a node or key invite and certify nodes',
    args: [{ name: 'WHO', help: 'a node, a public key, or a key file' }],
    options: [
      {
        flags: '--label <KEY=VALUE>',
        help: 'labels that it may give out; VALUE may be * (default: any label)',
        many: true,
      },
      ...ROOT,
    ],
    examples: [['charter enroller add dev-1 --label env=dev --label role=*', 'dev-1 may enrol dev machines']],
    load: () => import('../commands/enroller-add.ts'),
  },
  {
    name: 'charter enroller remove',
    group: 'Authority',
    summary: 'Take an enroller away; the certificates it gave out stay valid',
    args: [{ name: 'WHO', help: 'a node, a public key, or a key file' }],
    options: ROOT,
    examples: [['charter enroller remove dev-1', 'dev-1 may not enrol any more']],
    load: () => import('../commands/enroller-remove.ts'),
  },
  {
    name: 'keygen',
    group: 'Authority',
    summary: 'Make a key file for a publisher, such as CI or an operator',
    args: [{ name: 'FILE', help: 'where to write the key (0600)' }],
    options: [
      { flags: '--passphrase', help: 'ask for a passphrase that protects it' },
      { flags: '--passphrase-file <FILE>', help: 'protect it with the first line of FILE (- for the standard input)' },
    ],
    examples: [['keygen ci.key', 'then: chorus grant ci.key --publish app/shop --as ci']],
    load: () => import('../commands/keygen.ts'),
  },
]
