import { safe } from './text.ts'

/** The sentence of an alarm, after what it is about where it does not name that itself. Keys and ids tell nobody anything. */
export function alarmText({ subject, message }: { readonly subject: string; readonly message: string }): string {
  const isNamed = subject === '' || subject.length > 40 || message.includes(subject)
  return isNamed ? safe(message) : `${safe(subject)}: ${safe(message)}`
}
