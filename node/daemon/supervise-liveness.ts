import { spawn } from 'node:child_process'
import type { Liveness } from '../../policies/index.ts'
import { probeHttp, probeTcp } from '../host/probe.ts'

/** Why a program does not answer as it should, or null. */
export async function livenessProblem({ probe, timeoutMs }: Liveness): Promise<string | null> {
  if ('http' in probe) return await probeHttp(probe.http, probe.status ?? null, timeoutMs)
  if ('tcp' in probe) return await probeTcp(probe.tcp, timeoutMs)
  const [program = '', ...args] = probe.exec
  return await new Promise((resolve) => {
    const child = spawn(program, args, { cwd: '/', stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL' })
    child.once('error', (error) => resolve(`${program} cannot be started: ${error.message}`))
    child.once('exit', (code, signal) => {
      resolve(
        code === 0 ? null : `${program} ${code === null ? `was ended by ${signal}` : `ended with exit code ${code}`}`,
      )
    })
  })
}
