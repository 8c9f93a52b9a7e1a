/**
 * Every bound and interval of the engine, each with its reason (records have their own table, `records/limits.ts`).
 * Units are in the names or beside them.
 */
export const LIMITS = {
  sync: {
    /** One charter (256 KiB) and its frame fit; a reader may allocate this much for one peer. Bytes. */
    frameBytes: 512 * 1024,
    /** An answer is closed when its records pass this, so that a reader is fed in small steps. Bytes. */
    answerBytes: 192 * 1024,
    /** Small records: 192 KiB of 400 bytes each. */
    answerRecords: 512,
    /** Questions in flight to one peer: hides one round trip, and bounds what it may send unasked for. */
    window: 4,
    /** Questions of one peer waiting until its stream drains; honest peers keep to the window. */
    waiting: 16,
    /** What may be on its way to a peer before the driver says `writable`. Bytes. */
    unflushedBytes: 1024 * 1024,
    /** Feeds or ids in one listing (some 120 bytes each). */
    items: 64,
    /** A range with more items than a listing is split into this many. */
    parts: 16,
    /** Heads that a listing shows of one feed; a fork of more is rare and is asked for as a whole. */
    headsShown: 8,
    /** Heads that a question names: more branches than this cost repeated records, nothing else. */
    have: 512,
    /** Ids asked for at a time. */
    fetch: 64,
    /** Root feeds asked for before everything else; further ones come with the other feeds. */
    rootFeeds: 64,
    /** A peer that does not answer for this long is given up for this round. */
    askTimeoutMs: 10_000,
    /** One round ends after this many questions: a peer that makes up differences cannot keep us busy for ever. */
    questions: 100_000,
    /** Two rounds with the same peer are at least this far apart, however many gaps it shows. */
    spacingMs: 250,
    /** Neighbours asked at an interval, and told when something came by sync (epidemic spread in log n steps). */
    neighbours: 2,
    /** 0.5 to 1.5 times this between periodic rounds. */
    intervalMs: 30_000,
    /** Something came by sync: tell two neighbours after 0.5 to 1.5 times this, so that one round carries a burst. */
    nudgeMs: 40,
    /** Versions of which one peer wants to hear that their bundle is here. */
    holdsAsked: 64,
  },
  admission: {
    /** Both directions together, for one handshake. Bytes. */
    bytes: 1024 * 1024,
    /** RECORDS.md, section 4. */
    timeoutMs: 10_000,
    /** One charter of 256 KiB and its frame. Bytes. */
    frameBytes: 300 * 1024,
    /** Handshakes at a time; 1 MiB each. */
    handshakes: 64,
    tips: 8,
    /** As in an answer of sync. */
    records: 512,
    heads: 64,
  },
  intake: {
    /** Envelopes by gossip from one neighbour: 2,000 beacons a minute and a burst of publishes pass. Per second. */
    ratePerSecond: 200,
    rateBurst: 1000,
    /** Authors whose `grant.rate` is counted; the one that was quiet longest is forgotten, and begins anew. */
    authors: 1024,
    /** Refused envelopes remembered by hash (some 100 bytes each); the oldest fall out and are refused again. */
    refusals: 1024,
    /** `at` further ahead than this is flagged. */
    futureMs: 10 * 60_000,
    /** Flagged entries remembered for `log`. */
    flagged: 256,
  },
  hold: {
    /** Held until something missing comes; what falls out comes back by sync. 32 KiB each at most. */
    total: 256,
    perKey: 32,
    perPeer: 64,
  },
  beacons: {
    /** RECORDS.md: up to some 2,000 nodes everyone hears everyone. About 1 KB each. */
    table: 4096,
    /** Live records of unknown types remembered, so that none is passed on twice. */
    passed: 256,
    /** Keys of which two lives were heard, so that a third beacon tells a clone from a restart. */
    doubles: 256,
    /** 0.75 to 1.25 times this between two beacons of one node. */
    intervalMs: 60_000,
    /** After a change: wait this long for more changes to come, 0.5 to 1.5 times. */
    changeMs: 500,
    /** Not more often than this, however much changes. */
    spacingMs: 2_000,
    /** Without a beacon for this many intervals a node is down (or away). */
    downIntervals: 3,
    /** One heard this many intervals ago was due (1.25 at most): it is asked for by sync. */
    lateIntervals: 1.5,
    /** Not more often than this of one peer. */
    handMs: 10_000,
    /** Members named in one question for beacons (32 bytes each). */
    asked: 512,
    /** A beacon dated further off than this is a replay, or of a clock that needs a visit. */
    ageMs: 24 * 3_600_000,
    /** Facts and addresses that do not fit are left out. Bytes of the whole envelope. */
    bytes: 8 * 1024,
    addrs: 16,
  },
  /** Neighbours whose connection ended. Together: a daemon that ended is down on all screens in some 12 s. */
  lost: {
    /** First question whether anybody answers there: a daemon that restarts is back by then, more often than not. */
    firstMs: 1_000,
    againMs: 1_500,
    /** So many questions without an answer, and so long after the connection ended: it is gone, and named. */
    failures: 2,
    goneMs: 4_000,
    /** The same for one that has no address, where nobody can ask. */
    silentMs: 10_000,
    /** A beacon that comes this soon after the end of the connection may have been said before. */
    lateMs: 2_000,
    /** Whoever is named may contradict within this time before it is shown as down: two beacons' spacing, and travel. */
    graceMs: 5_000,
    /** Named in one beacon, and witnesses remembered of one claim. 60 bytes each. */
    named: 16,
    /** Lost neighbours, and claims of others, that are remembered. */
    table: 256,
  },
  stale: {
    /** Fewer distinct beacons than this in `afterMs` (or all other members, if they are fewer): STALE. */
    quorum: 3,
    afterMs: 5 * 60_000,
    /** A gap that sync has not closed for this long: STALE. */
    gapMs: 2 * 60_000,
    /** A gap that nobody has shown again for this long was a phantom, or died with the only peer that knew. */
    gapForgetMs: 3_600_000,
    gaps: 64,
    /** Members whose clocks are compared, at least. */
    clocks: 3,
    skewMs: 10 * 60_000,
  },
  publish: {
    /** Syncing with two peers before writing takes at most this long. */
    syncMs: 3_000,
    /** After a start, wait this long for the first peer, so that a restored backup sees its own later entries. */
    firstPeerMs: 5_000,
    /** Another peer must hold record and bundle within this time, or the answer says that none does. */
    holdsMs: 60_000,
    /** Commands waiting for sync, disk or holders. */
    waiting: 64,
    /** Neighbours asked to keep the bundle although no policy selects them. */
    custodians: 2,
    /** Bundles kept because another peer asked for it. */
    custody: 256,
  },
  enroll: {
    /** An enroller confirms after 0.5 to 1.5 times this, so that several do not all do it. */
    confirmMs: 1_000,
    /** Certificates written at a time. */
    batch: 32,
    /** A provisional certificate ends this long after its invite (RECORDS.md, section 4). */
    provisionalMs: 30 * 24 * 3_600_000,
    /** Peers dialled by a member that is told of their addresses, at a time. */
    waiting: 4096,
  },
  converge: {
    /** 0.75 to 1.25 times this between full checks. */
    checkMs: 30 * 60_000,
    /** A failed run is tried again after this, doubling up to `checkMs`. */
    retryMs: 30_000,
    /** Two corrective runs are at least this far apart. */
    correctMs: 1_000,
    /** More corrective runs than this within `flapMs`: someone else manages the same thing; slow down, say so. */
    flapRuns: 10,
    flapMs: 10 * 60_000,
    /** A bundle that could not be fetched is wanted again after this, doubling up to `fetchMaxMs`. */
    fetchMs: 1_000,
    fetchMaxMs: 5 * 60_000,
    /** Bundles fetched for others (heads that do not select this node) up to this size. Bytes. */
    mirrorBytes: 64 * 1024 * 1024,
    /** Peers named as sources of one bundle; the driver asks others after them. */
    sources: 16,
    /** Versions whose announcers are remembered: those of the last minutes are being fetched. */
    announcers: 64,
    /** A run that did not answer is given up after this (the host side has its own, shorter deadlines). */
    runMs: 2 * 3_600_000,
    policies: 4096,
    /** Refused bundles remembered; the oldest is forgotten and refused again when it is fetched again. */
    refused: 256,
  },
  rollout: {
    /** A wave is looked at again this long after a beacon about its policy: what comes in a burst is counted once. */
    lookMs: 500,
    /** And this often in any case: that a node is down comes by silence. */
    checkMs: 30_000,
    /** After a start, listen for this long before a later wave begins: neighbours hand over what they heard in a second. */
    settleMs: 15_000,
  },
  persist: {
    /** Records in one batch: one fsync, half a second of verification. */
    records: 512,
    /** A failed batch is wanted again after this. */
    retryMs: 1_000,
  },
} as const
