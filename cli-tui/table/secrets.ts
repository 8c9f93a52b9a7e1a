import type { CommandSpec } from '../command.ts'

/** Commands for the encrypted values of policies. */
export const SECRETS: readonly CommandSpec[] = [
  {
    name: 'secret set',
    group: 'Policies',
    summary: 'Encrypt a value for the nodes that are to read it, into the policy folder',
    details:
      'The value comes from the standard input, the terminal or --from, never from the command line. Readers are the nodes that the select of the policy can choose, by the labels and name in the name of the file; facts do not count.',
    args: [{ name: 'NAME', help: 'the name of the secret in policy.yaml, or the path of one of its files' }],
    options: [
      { flags: '--dir <DIR>', help: 'the folder with policy.yaml (default: that of the file, else this one)' },
      { flags: '--from <FILE>', help: 'take the value from a file (- for the standard input)' },
      { flags: '--label <KEY=VALUE>', help: 'which of several files: the labels in its name', many: true },
      { flags: '--to <RECIPIENT>', help: 'somebody else who can read it: an age recipient (age1...)', many: true },
      { flags: '--trim', help: 'leave out a newline at the end of the value' },
    ],
    examples: [
      ['secret set tls_key --dir web/site --label env=prod --from key.pem', 'for the nodes of web/site with env=prod'],
      ['secret set web/site/secrets/dev/tls.key.age --from key.pem', 'the same by its file'],
    ],
    load: () => import('../commands/secret-set.ts'),
  },
  {
    name: 'secret list',
    group: 'Policies',
    summary: 'Which nodes can read which secret of a policy, and which cannot yet',
    args: [{ name: 'DIR', help: 'the folder with policy.yaml' }],
    options: [],
    examples: [['secret list web/site', 'who reads what']],
    load: () => import('../commands/secret-list.ts'),
  },
  {
    name: 'secret rekey',
    group: 'Policies',
    summary: 'Encrypt the secrets of a policy again for the nodes that are to read them now',
    details:
      'Only files whose readers have changed. It needs a key that can read them: that of this node, or --identity. A node that could read a value may have kept it: after taking one away, set a new value.',
    args: [{ name: 'DIR', help: 'the folder with policy.yaml' }],
    options: [
      { flags: '--identity <FILE>', help: 'an age identity that can read them (as age-keygen writes it)' },
      { flags: '--force', help: 'also files whose readers are the same' },
    ],
    examples: [['secret rekey web/site', 'after nodes have come, gone or been relabelled']],
    load: () => import('../commands/secret-rekey.ts'),
  },
]
