import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { CliError } from '../errors.ts'

/** Time for a program to say its policy: it may read files and ask an inventory. */
const PROGRAM_MS = 30_000
/** Memory for it, MiB: a policy of 10,000 resources takes a few. */
const PROGRAM_MEMORY = 512

interface Said {
  readonly value?: unknown
  readonly problem?: string
}

/** Imports the program and posts what it exports as its policy: plain values survive that, others are the problem. */
const CODE = `
const { parentPort, workerData } = require('node:worker_threads')
const say = (said) => parentPort.postMessage(said)
import(workerData).then((module) => {
  if (module.default === undefined) return say({ problem: 'it exports no policy: write export default definePolicy({...})' })
  try { say({ value: module.default }) } catch (error) { say({ problem: 'what it exports is not made of plain values: ' + error.message }) }
}).catch((error) => say({ problem: error instanceof Error ? error.message : String(error) }))
`

/**
 * Runs a policy that is a program, in a thread of its own: it may fail, end the process or never end without taking the
 * command with it. It is no sandbox: a program does what its author may do.
 *
 * @param path absolute
 * @param timeoutMs @default 30 s
 * @returns what it exports by default
 * @throws CliError E_POLICY if it fails, ends by itself, exports nothing, or takes too long
 */
export async function runProgram(path: string, timeoutMs = PROGRAM_MS): Promise<unknown> {
  const worker = new Worker(CODE, {
    eval: true,
    workerData: pathToFileURL(path).href,
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: PROGRAM_MEMORY },
  })
  // What it prints is for whoever runs it, and not the result of the command.
  worker.stdout.on('data', (text: Buffer) => process.stderr.write(text))
  worker.stderr.on('data', (text: Buffer) => process.stderr.write(text))
  let timer: NodeJS.Timeout | undefined
  try {
    const said = await new Promise<Said>((resolve) => {
      const late = `it did not end within ${timeoutMs / 1000} s`
      timer = setTimeout(() => resolve({ problem: late }), timeoutMs)
      worker.once('message', resolve)
      worker.once('error', (error) => resolve({ problem: error instanceof Error ? error.message : String(error) }))
      worker.once('exit', () => resolve({ problem: 'it ended itself before it exported a policy' }))
    })
    if (said.problem === undefined) return said.value
    throw new CliError('E_POLICY', `${path} fails: ${said.problem.split('\n', 1)[0]}`)
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}
