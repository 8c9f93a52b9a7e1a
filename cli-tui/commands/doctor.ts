import type { Charter } from '../../node/core/index.ts'
import type { ControlClient } from '../../node/control/index.ts'
import type { Context } from '../command.ts'
import { fail } from '../doctor/check.ts'
import type { Finding } from '../doctor/check.ts'
import { machineFindings } from '../doctor/machine.ts'
import { charterFindings, statusFindings } from '../doctor/mesh.ts'
import { EXIT, shownError } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { daemonOf } from '../mesh/daemon.ts'
import type { Paint } from '../out/paint.ts'
import { plural, safe } from '../out/text.ts'

/** `chorus doctor --json`. */
export interface DoctorOutput {
  readonly ok: boolean
  readonly findings: readonly Finding[]
}

export async function run(context: Context): Promise<Exit> {
  const { io, stateDir } = context
  const findings = [...machineFindings(stateDir, io.uid, io.now()), ...(await meshFindings(context))]
  const data: DoctorOutput = { ok: findings.every((finding) => finding.state !== 'fail'), findings }
  context.out.result('doctor', data, human)
  return data.ok ? EXIT.done : EXIT.error
}

async function meshFindings(context: Context): Promise<Finding[]> {
  let client: ControlClient
  try {
    client = await daemonOf(context)
    const found = statusFindings(await client.status())
    return [...found, ...charterFindings(await chartersInForce(client), context.io.now())]
  } catch (error) {
    const { code, message, hint } = shownError(error)
    return code === 'E_NO_STATE' ? [] : [fail('daemon', `${code}: ${message}`, hint ?? 'chorus up')]
  }
}

async function chartersInForce(client: ControlClient): Promise<readonly Charter[]> {
  const { chartersOf } = await import('../mesh/charters.ts')
  return chartersOf((await client.charter()).tips).map((envelope) => envelope.body)
}

const SIGNS = { ok: ['●', 'green'], warn: ['▲', 'yellow'], fail: ['✗', 'red'] } as const

function human({ findings }: DoctorOutput, paint: Paint): string {
  const wide = Math.max(...findings.map((finding) => finding.check.length))
  const lines = findings.map(({ check, state, message, remedy }) => {
    const [sign, style] = SIGNS[state]
    return `${paint(style, sign)} ${check.padEnd(wide)}  ${safe(message)}\n${remedy === null ? '' : `  ${' '.repeat(wide)}  ${paint('dim', `→ ${safe(remedy)}`)}\n`}`
  })
  const [fails, warns] = [
    findings.filter((finding) => finding.state === 'fail').length,
    findings.filter((finding) => finding.state === 'warn').length,
  ]
  const summary =
    fails + warns === 0 ? paint('green', 'all is well') : `${plural(fails, 'problem')}, ${plural(warns, 'warning')}`
  return `${lines.join('')}\n${summary}\n`
}
