import { existsSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Context, Invocation } from '../command.ts'
import { CliError, EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import type { Options } from '../input/options.ts'
import type { LocalBundle } from '../local/bundle.ts'
import { daemonOf } from '../mesh/daemon.ts'
import { outcomesText } from '../out/outcomes.ts'
import type { OutcomeRow } from '../out/outcomes.ts'

/** `chorus converge --json`. `policy` is null when the daemon converged everything. */
export interface ConvergeOutput {
  readonly policy: string | null
  readonly dryRun: boolean
  readonly selected: boolean
  readonly converged: boolean
  readonly outcomes: readonly OutcomeRow[]
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const [file] = args
  return file === undefined ? askDaemon(context, options) : convergeFile(context, options, file)
}

async function askDaemon(context: Context, options: Options): Promise<Exit> {
  const given = options.list('label').length + options.list('set').length > 0 || options.text('name') !== undefined
  if (given) throw new CliError('E_USAGE', '--name, --label and --set go with a FILE')
  const client = await daemonOf(context)
  const dryRun = options.flag('dry-run')
  const progress = context.out.progress(dryRun ? 'checking' : 'converging')
  try {
    if (dryRun) {
      const { outcomes } = await client.plan({ bundle: null, policy: null })
      return report(context, {
        policy: null,
        dryRun,
        selected: true,
        converged: outcomes.every((outcome) => outcome.state === 'kept'),
        outcomes,
      })
    }
    const { outcomes, converged } = await client.converge()
    return report(context, { policy: null, dryRun, selected: true, converged, outcomes })
  } finally {
    progress.stop()
  }
}

async function convergeFile(context: Context, options: Options, given: string): Promise<Exit> {
  const file = folderMeant(given)
  const dryRun = options.flag('dry-run')
  const { noteQuick, quickRun } = await import('../local/quick.ts')
  const path = resolve(context.io.cwd, file)
  const known = options.flag('deep') ? undefined : quickRun(context, options, path)
  if (known !== undefined) {
    return report(context, { policy: known.policy, dryRun, selected: true, converged: true, outcomes: known.outcomes })
  }
  const { localNode, runHere } = await import('../local/run.ts')
  const bundle = await openBundle(context, options, file)
  try {
    const done = await runHere(context, bundle, localNode(options), !dryRun)
    if (!done.selected)
      context.out.note(
        `${bundle.policy.policy} does not select this machine (select: ${bundle.policy.select}); give --label KEY=VALUE to assume labels.`,
      )
    const { selected, converged, outcomes, changed, states } = done
    const exit = report(context, {
      policy: bundle.policy.policy,
      dryRun,
      selected,
      converged: dryRun ? converged && !changed : converged,
      outcomes,
    })
    if (states !== null && !usesOthers(path)) {
      await noteQuick(context, options, path, { policy: bundle.policy.policy, outcomes }, states)
    }
    return exit
  } finally {
    bundle.close()
  }
}

/** Whether a policy folder stands on other folders, or is a program: what those are is not seen from outside. */
function usesOthers(path: string): boolean {
  if (!statSync(path).isDirectory()) return false
  const source = join(path, 'policy.yaml')
  return !existsSync(source) || /^(extends|components)\b/m.test(readFileSync(source, 'utf8'))
}

/** Who names the policy file means the folder that it stands for. */
function folderMeant(file: string): string {
  return /^policy\.(ya?ml|ts)$/.test(basename(file)) ? dirname(file) : file
}

/** A policy folder, or a file from `chorus build`. */
export async function openBundle(context: Context, options: Options, given: string): Promise<LocalBundle> {
  const file = folderMeant(given)
  const path = resolve(context.io.cwd, file)
  const { bundleOfArchive, bundleOfFolder } = await import('../local/bundle.ts')
  if (!existsSync(path)) throw (await import('../source/folder.ts')).noFolder(path)
  if (!statSync(path).isDirectory()) {
    if (options.list('set').length > 0)
      throw new CliError('E_USAGE', '--set goes with a policy folder: a bundle is compiled already')
    return bundleOfArchive(path)
  }
  const { buildFolder } = await import('../source/compile.ts')
  return bundleOfFolder(await buildFolder(context, file, options.pairs('set')))
}

function report(context: Context, data: ConvergeOutput): Exit {
  context.out.result('converge', data, ({ outcomes, dryRun, selected }, paint) =>
    selected ? outcomesText(paint, outcomes, { planned: dryRun }) : '',
  )
  return data.converged ? EXIT.done : EXIT.notConverged
}
