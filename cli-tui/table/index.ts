import type { CommandSpec } from '../command.ts'
import { AUTHORITY } from './authority.ts'
import { LOOKING } from './looking.ts'
import { MACHINE } from './machine.ts'
import { MEMBERSHIP } from './membership.ts'
import { POLICIES } from './policies.ts'
import { SIMULATION } from './simulation.ts'
import { SECRETS } from './secrets.ts'

/** Every command. Names are unique; a unit test holds that. */
export const TABLE: readonly CommandSpec[] = [
  ...MACHINE,
  ...MEMBERSHIP,
  ...POLICIES,
  ...SECRETS,
  ...AUTHORITY,
  ...LOOKING,
  ...SIMULATION,
]
