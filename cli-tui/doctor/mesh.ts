import type { Charter } from '../../node/core/index.ts'
import type { Status } from '../../node/control/index.ts'
import { alarmText } from '../out/alarm.ts'
import { plural, stamp } from '../out/text.ts'
import { fail, fine, warn } from './check.ts'
import type { Finding } from './check.ts'

const MONTH_MS = 30 * 86_400_000

/** What the daemon says of itself and its neighbours. */
export function statusFindings(status: Status): Finding[] {
  const found: Finding[] = [fine('daemon', `${status.agent} answers`)]
  found.push(neighbours(status))
  if (status.stale)
    found.push(
      warn(
        'stale',
        'this node hears too little of the mesh to know that it is up to date',
        'See the neighbours; is its network cut?',
      ),
    )
  if (status.node.provisional)
    found.push(
      warn('certificate', 'no enroller has confirmed this node yet', 'An enroller must be up; it confirms by itself.'),
    )
  if (status.hold !== null) found.push(warn('hold', `changes are on hold: ${status.hold.reason}`, 'chorus unhold'))
  if (status.observe)
    found.push(
      warn('observe', 'the daemon only observes and changes nothing', 'Start it without --observe when it may.'),
    )
  for (const policy of status.policies) {
    if (policy.state === 'failed')
      found.push(fail('policy', `${policy.policy}: ${policy.reason}`, 'chorus status --verbose shows the resource.'))
  }
  for (const alarm of status.alarms) found.push(warn(alarm.code, alarmText(alarm), 'See docs/errors.md.'))
  return found
}

function neighbours(status: Status): Finding {
  const muted = status.peers.filter((peer) => !peer.gossip)
  if (status.peers.length === 0) {
    return status.fleet.nodes <= 1
      ? fine('neighbours', 'none, and this is the only node')
      : fail(
          'neighbours',
          `none, of ${plural(status.fleet.nodes, 'node')}`,
          'Is the port open, and does a bootstrap address in chorus.yaml answer?',
        )
  }
  if (status.peers.length === 1 && status.fleet.nodes > 2)
    return warn('neighbours', 'only one: if it goes, this node is alone', 'Add bootstrap addresses to chorus.yaml.')
  if (muted.length > 0)
    return warn(
      'neighbours',
      `${plural(muted.length, 'neighbour')} without gossip: news comes by sync, later`,
      'It is redialled by itself; if it stays, see the log.',
    )
  return fine('neighbours', plural(status.peers.length, 'neighbour'))
}

/** What the charters in force say. */
export function charterFindings(charters: readonly Charter[], now: number): Finding[] {
  const [charter] = charters
  if (charter === undefined)
    return [fail('charter', 'this node has no charter yet', 'Wait until it has met a member of the mesh.')]
  const found: Finding[] = []
  if (charters.length > 1)
    found.push(fail('charter', `${charters.length} rival charters are in force`, 'chorus charter merge'))
  for (const [check, set] of [
    ['roots', charter.roots],
    ['recovery', charter.recovery],
  ] as const) {
    if (set.threshold === 1 && set.keys.length === 1) {
      found.push(
        check === 'roots'
          ? warn(
              'roots',
              '1 of 1: one stolen file is enough to change who may publish',
              'chorus charter rotate --recovery-key FILE --add-root KEY --threshold 2',
            )
          : warn(
              'recovery',
              '1 of 1: keep that key offline, twice, in different places',
              'Nothing else can replace a lost root key.',
            ),
      )
    }
  }
  if (charter.issuedAt > now + 10 * 60_000)
    found.push(
      fail(
        'clock',
        `the charter was signed at ${stamp(charter.issuedAt)}, which is in this machine's future`,
        'Set the clock, and keep it with NTP.',
      ),
    )
  if (charter.refreshBy < now)
    found.push(
      warn('charter', `it should have been refreshed by ${stamp(charter.refreshBy)}`, 'chorus charter refresh'),
    )
  else if (charter.refreshBy < now + MONTH_MS)
    found.push(warn('charter', `refresh it by ${stamp(charter.refreshBy)}`, 'chorus charter refresh'))
  if (charter.enrollers.length === 0)
    found.push(warn('enrollers', 'nobody can invite nodes', 'chorus charter enroller add NODE'))
  return found.length === 0
    ? [fine('charter', `${charter.name} ${charter.n}, fresh until ${stamp(charter.refreshBy)}`)]
    : found
}
