import type { TestNode } from '../../test/support/node.ts'

/** One figure of a daemon's `/metrics`, summed over its labels. */
export async function metricOf(node: TestNode, name: string): Promise<number> {
  const text = await node.client.metrics()
  const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
