import type {
  Beacon,
  Certificate,
  Charter,
  Envelope,
  FeedBody,
  Invite,
  Leave,
  LiveBody,
  Provisional,
  Revoke,
  SetBody,
  Version,
} from './types.ts'

/**
 * What an envelope holds. The type text cannot be compared in place: `feed/${string}` of a type that this build does
 * not know overlaps with every known one, so TypeScript does not narrow by it.
 */
export const isCharter = (e: Envelope): e is Envelope<Charter> => e.family === 'charter'
export const isFeed = (e: Envelope): e is Envelope<FeedBody> => e.family === 'feed'
export const isSet = (e: Envelope): e is Envelope<SetBody> => e.family === 'set'
export const isLive = (e: Envelope): e is Envelope<LiveBody> => e.family === 'live'

export const isVersion = (e: Envelope): e is Envelope<Version> => e.body.type === 'feed/version'
export const isRevoke = (e: Envelope): e is Envelope<Revoke> => e.body.type === 'feed/revoke'
export const isInvite = (e: Envelope): e is Envelope<Invite> => e.body.type === 'feed/invite'
export const isCertificate = (e: Envelope): e is Envelope<Certificate> => e.body.type === 'feed/certificate'
export const isProvisional = (e: Envelope): e is Envelope<Provisional> => e.body.type === 'set/provisional'
export const isLeave = (e: Envelope): e is Envelope<Leave> => e.body.type === 'set/leave'
export const isBeacon = (e: Envelope): e is Envelope<Beacon> => e.body.type === 'live/beacon'
