/** Why `text` cannot name a folder to extend or use, or undefined. Leading `..` are allowed: the folder is the publisher's own. */
export function relativeProblem(text: string): string | undefined {
  if (text.startsWith('/')) return 'is absolute'
  if (text.includes('${')) return 'has an expression, but it is read when the policy is compiled'
  if (text.includes('\\')) return 'has a backslash'
  if (/\p{Cc}/u.test(text) || !text.isWellFormed()) return 'has control characters'
  return text.length > 1000 ? 'is longer than 1000 characters' : undefined
}

/** `relative` as seen from the folder `from`: `joinPath('../base', '../lib/x')` is `../lib/x`. '' is the folder itself. */
export function joinPath(from: string, relative: string): string {
  const parts: string[] = []
  for (const part of `${from}/${relative}`.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else parts.push(part)
  }
  return parts.join('/')
}

/** The folder that a file of a policy lies in, as messages name it: '' for `policy.yaml`. */
export function folderOf(file: string): string {
  return file.slice(0, Math.max(0, file.lastIndexOf('/')))
}
