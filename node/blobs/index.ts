/** Bundles: fetched from several peers at once, verified, kept, served. */
export { createBlobService } from './service.ts'
export type { BlobServiceOptions } from './service.ts'
export type * from './types.ts'
