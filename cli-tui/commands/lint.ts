import type { Diagnostic } from '../../policies/index.ts'
import type { Context, Invocation } from '../command.ts'
import { EXIT } from '../errors.ts'
import type { Exit } from '../errors.ts'
import { plural } from '../out/text.ts'
import { compileFolder, diagnosticText } from '../source/compile.ts'

/** `chorus lint --json`. Lines and columns count from 1. */
export interface LintOutput {
  readonly ok: boolean
  readonly policy: string | null
  readonly resources: number
  readonly problems: readonly {
    readonly code: string
    readonly file: string
    readonly line: number
    readonly column: number
    readonly message: string
    readonly hint: string
  }[]
}

export async function run(context: Context, { args, options }: Invocation): Promise<Exit> {
  const dir = args[0] ?? '.'
  const compiled = await compileFolder(context, dir, options.pairs('set'))
  const data: LintOutput = {
    ok: compiled.diagnostics.length === 0,
    policy: compiled.policy?.policy ?? null,
    resources: compiled.policy?.resources.length ?? 0,
    problems: compiled.diagnostics.map(problem),
  }
  context.out.result('lint', data, ({ ok, policy, resources, problems }, paint) =>
    ok
      ? `${paint('green', '●')} ${policy ?? ''}: ${plural(resources, 'resource')}, no problems\n`
      : `${compiled.diagnostics.map((item) => `${diagnosticText(dir, item)}\n`).join('\n')}\n${paint('red', plural(problems.length, 'problem'))}\n`,
  )
  return data.ok ? EXIT.done : EXIT.error
}

const problem = ({ code, file, line, column, message, hint }: Diagnostic): LintOutput['problems'][number] => ({
  code,
  file,
  line,
  column,
  message,
  hint,
})
