import type { Verifier } from '../../node/core/index.ts'
import { createSigner, createVerifier, hasher } from '../../node/crypto.ts'
import { evaluateSelector } from '../../policies/index.ts'
import { Stage } from '../../topology-sim/index.ts'

/** node:crypto (or another verifier) and the real selectors behind the cast of the fault runs. */
export function createStage(verifier: Verifier = createVerifier()): Stage {
  const memo = new Map<string, boolean>()
  return new Stage({
    hasher,
    signerOf: createSigner,
    verifier,
    selects(selector, node) {
      const text = `${selector}\n${node.name}\n${JSON.stringify(node.labels)}`
      const known = memo.get(text)
      if (known !== undefined) return known
      const { selected } = evaluateSelector(selector, {
        labels: node.labels,
        facts: {},
        node: { name: node.name, id: '' },
      })
      memo.set(text, selected)
      return selected
    },
  })
}
