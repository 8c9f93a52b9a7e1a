/** `chorus/1.2.3` to `1.2.3`; '' if it does not say. */
export function versionOf(agent: string): string {
  const at = agent.lastIndexOf('/')
  return at < 0 ? '' : agent.slice(at + 1)
}

/** Compares numbers between dots; what is not a number is not compared. Without a version nobody is older. */
export function isOlder(version: string, least: string): boolean {
  if (least === '' || version === least) return false
  const mine = numbers(version)
  if (mine.length === 0) return false
  for (const [at, wanted] of numbers(least).entries()) {
    const have = mine[at] ?? 0
    if (have !== wanted) return have < wanted
  }
  return false
}

function numbers(version: string): number[] {
  const [release = ''] = version.split(/[-+]/)
  const parts = release.split('.').map(Number)
  return parts.every((part) => Number.isSafeInteger(part) && part >= 0) && release !== '' ? parts : []
}
