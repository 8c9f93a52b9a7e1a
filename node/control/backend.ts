import type { z } from 'zod'
import type { Group, LoggedEvent, NodeDetail, NodePage, NodeQuery, PolicyRow, Receipt, Summary } from './fleet/types.ts'
import type { Framed } from './frames.ts'
import type {
  blocksStoredSchema,
  certifiedSchema,
  certifySchema,
  CharterView,
  ControlEvent,
  convergedSchema,
  doneSchema,
  FeedView,
  heldSchema,
  holdSchema,
  importedSchema,
  invitedSchema,
  inviteSchema,
  logSchema,
  NodePoliciesView,
  nodesSchema,
  planRequestSchema,
  PlanView,
  Published,
  PublishRequest,
  RecordView,
  Status,
  submittedSchema,
} from './schema.ts'

/**
 * What the control server needs of the daemon behind it. Everything rejects with an error that has a `code`; the server
 * checks what is given against the schema both ways.
 */
export interface Backend {
  status(): Status
  nodes(): z.infer<typeof nodesSchema>
  summary(): Promise<Summary>
  groups(by: readonly string[]): { readonly groups: readonly Group[] }
  page(query: NodeQuery): Promise<NodePage>
  policies(): Promise<{ readonly policies: readonly PolicyRow[] }>
  /** By peer id. Throws E_NOT_FOUND. */
  node(id: string): NodeDetail
  receipt(id: string, signal: AbortSignal): Promise<Receipt>
  history(max: number): { readonly events: readonly LoggedEvent[] }
  /** Rejects with E_NOT_FOUND for who is no member. */
  nodePolicies(key: string): Promise<NodePoliciesView>
  /** Newest first. */
  log(policy: string | undefined, max: number): z.infer<typeof logSchema>
  charter(): CharterView
  feed(key: string): FeedView
  /** By id or unique prefix. */
  record(id: string): RecordView
  submit(envelope: Uint8Array): Promise<z.infer<typeof submittedSchema>>
  publish(request: PublishRequest, signal: AbortSignal): Promise<Published>
  held(bundle: string, timeoutMs: number, signal: AbortSignal): Promise<z.infer<typeof heldSchema>>
  invite(request: z.output<typeof inviteSchema>): Promise<z.infer<typeof invitedSchema>>
  certify(request: z.output<typeof certifySchema>): Promise<z.infer<typeof certifiedSchema>>
  plan(request: z.output<typeof planRequestSchema>, signal: AbortSignal): Promise<PlanView>
  converge(signal: AbortSignal): Promise<z.infer<typeof convergedSchema>>
  hold(request: z.output<typeof holdSchema>): Promise<z.infer<typeof doneSchema>>
  unhold(): Promise<z.infer<typeof doneSchema>>
  leave(): Promise<z.infer<typeof doneSchema>>
  /** The root block comes first. */
  putBlocks(blocks: AsyncIterable<Framed>): Promise<z.infer<typeof blocksStoredSchema>>
  /** Rejects with E_NOT_FOUND before the first block, or not at all. */
  bundle(cid: string): Promise<AsyncIterable<Framed>>
  records(): Iterable<Framed>
  importRecords(records: AsyncIterable<Framed>): Promise<z.infer<typeof importedSchema>>
  /** Prometheus' text format. */
  metrics(): Promise<{ readonly type: string; readonly text: string }>
  /** @returns ends the subscription */
  subscribe(listener: (event: ControlEvent) => void): () => void
}
