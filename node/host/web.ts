import type { request } from 'node:http'

/**
 * What asks a server. Loaded at the first question: `node:https` brings all of TLS along, and `import` of `node:http` all of
 * undici, which a run over files alone would pay for with 25 ms.
 *
 * @param protocol `https:`, or anything else for plain HTTP
 */
export function requester(protocol: string): typeof request {
  return process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http').request
}
