/**
 * What can go wrong while a host is converged: thrown as `PolicyError` by every host port and by the resource types, and
 * shown as the `code` of an outcome. Part of `POLICY_ERRORS`.
 */
export const HOST_ERRORS = {
  E_NO_SPACE: ['The file system is full.', 'Free some space; the next run goes on, and the old file is untouched.'],
  E_READ_ONLY: ['The file system is mounted read-only.', 'Remount it, or take the resource out of the policy.'],
  E_PERMISSION: [
    'The operating system does not allow it.',
    'Run the daemon as root, or manage what its user may change.',
  ],
  E_IN_THE_WAY: [
    'Something of another kind is at the path.',
    'Move it away, or say `absent: true` with `recursive: true` for it.',
  ],
  E_NOT_FOUND: ['What should be there is not, or went away meanwhile.', 'Run again; if it stays, see what removes it.'],
  E_ACCOUNT: ['There is no such user or group on this host.', 'Create it first with a `user` or `group` resource.'],
  E_IO: ['The operating system reports an error.', 'The message names it; see the logs of the system.'],
  E_EXEC: ['A command cannot be started.', 'Correct its path, or install what provides it and `require` that.'],
  E_EXIT: ['A command ended with an exit code that is not in `returns`.', 'Its last output is in the message.'],
  E_TIMEOUT: ['A command took longer than its `timeout` and was killed.', 'Raise `timeout`, or see why it hangs.'],
  E_INCOMPLETE: [
    'Nothing is purged while a policy of this node is not known in full.',
    'See which one failed or waits; the purge follows by itself.',
  ],
  E_IN_USE: [
    'Something else holds what is needed: a lock, or processes of a user.',
    'The message names it; the next run tries again.',
  ],
  E_FETCH: [
    'Something cannot be fetched from its URL.',
    'The message says what the other end answered; the next run tries again.',
  ],
  E_CHECKSUM: [
    'What came is not what its checksum says.',
    'Nothing was changed. Find out which of the two is wrong before you change the checksum.',
  ],
  E_CHECK: ['A check of the policy does not hold in its time.', 'The message says what is wrong with the service.'],
  E_VALIDATE: [
    'The new content was refused by its `validate` command.',
    'Correct the content; the old file is untouched.',
  ],
  E_CONTENT: [
    'The bundle does not hold the content that a resource wants.',
    'Publish the policy again with the file in it.',
  ],
  E_ASSERT: ['An assertion of the policy does not hold on this node.', "The message is the policy author's."],
  E_CONFLICT: [
    'Two policies claim the same thing with different content.',
    'Let one of them give it up; the first by name is in force.',
  ],
  E_DEPENDENCY: ['A resource that must come first was not there or failed.', 'Correct the one that is named.'],
  E_SCOPE: ["The publisher's grant does not cover this.", 'Use what the grant covers, or have the grant widened.'],
  E_NEEDS_ROOT: ['Only root can do this, and the daemon runs as a user.', 'Run `chorus up` as root for this policy.'],
  E_FLAPPING: [
    'Something undoes every repair.',
    'Find what changes it back; repairs go on after the pause that is named.',
  ],
  E_SCHEDULE: [
    'It is to be changed in its window of time only, and this is another time.',
    'Wait for the window, or correct its `schedule`.',
  ],
  E_VERIFY: [
    'The `verify` command refused what was put in place.',
    'Correct the content; the old files are back, and nobody was notified.',
  ],
  E_ON_CHANGE: [
    'A command that a policy runs before or after a change failed.',
    'Before: nothing was changed. After: it is run again with the next run. Its last output is in the message.',
  ],
  E_DEADLINE: ['The run reached its deadline before this resource.', 'The next run goes on with it.'],
  E_CANCELLED: ['The run was cancelled before this resource.', 'The next run goes on with it.'],
  E_BACKUP: [
    'Content that was overwritten is not in the backup store any more.',
    'Nothing was changed; restore it by hand.',
  ],
  E_INTERNAL: ['A resource type failed in a way it should not.', 'Report it with the message.'],
} as const satisfies Record<string, readonly [meaning: string, remedy: string]>
