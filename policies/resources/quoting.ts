/** Words of a command for the files of other programs, so that each stays one word and nothing in it is special. */

/** For cron, which gives the line to /bin/sh and takes `%` as the end of it. */
export function cronCommand(argv: readonly string[]): string {
  return argv.map((word) => shellWord(word).replaceAll('%', String.raw`\%`)).join(' ')
}

function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** For ExecStart= of systemd, which knows `%` specifiers, `$` variables and backslashes. */
export function systemdCommand(argv: readonly string[]): string {
  return argv.map((word) => `"${systemdText(word).replaceAll('$', '$$$$')}"`).join(' ')
}

/** Inside double quotes, for any setting of a unit. */
export function systemdText(text: string): string {
  return text.replaceAll(/[\\"]/g, String.raw`\$&`).replaceAll('%', '%%')
}
