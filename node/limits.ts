const KiB = 1024
const MiB = 1024 * KiB
const second = 1000
const minute = 60 * second

/** Every bound of the daemon's network side, with its reason. Bytes and milliseconds unless named otherwise. */
export const NET_LIMITS = {
  /** RECORDS.md section 4: the whole admission exchange, in time and in bytes each way. */
  admissionMs: 10 * second,
  admissionBytes: 1 * MiB,
  /** Admissions in progress at once: a crowd of strangers may hold 32 MiB, not more. */
  admissionsMax: 32,
  /** A sync frame. A charter is 256 KiB at most and frames are packed up to that. */
  syncFrameBytes: 1 * MiB,
  /** Frames waiting to be written to one peer; beyond it the stream is cut and sync starts again later. */
  syncQueueBytes: 8 * MiB,
  /** Bytes read from one stream and not yet handled before reading pauses. */
  readQueueBytes: 1 * MiB,
  /** A stream that could not be written to for this long is cut. */
  stallMs: 30 * second,
  /** RECORDS.md section 5: an envelope by gossip. */
  gossipRecordBytes: 32 * KiB,
  /** RECORDS.md section 5: smaller limits were seen to mute a link for good. */
  gossipInboundBytes: 4 * MiB,
  gossipOutboundBytes: 16 * MiB,
  /** gossipsub forgets a message after 5 heartbeats: a later verdict relays nothing. */
  verdictMs: 5 * second,
  /** Messages that wait for a verdict; at 32 KiB each 32 MiB. */
  verdictsMax: 1024,
  /** A member that is connected and missing from gossip's peers for this long is hung up and redialled. */
  gossipMissingMs: 10 * second,
  /** Neighbours to look for, and beyond which one is let go now and then. */
  neighboursLow: 6,
  neighboursHigh: 12,
  /** Connections at once, inbound ones of many nodes that know only this one included. */
  connectionsMax: 256,
  /** libp2p's 5 a second from one address is too few behind one NAT, or for a mesh on one machine. */
  inboundPerSecond: 100,
  inboundPendingMax: 64,
  /** One attempt to connect, admission included. */
  dialMs: 15 * second,
  dialsParallel: 8,
  /** Redialling: the first pause, doubled up to the longest, each with full jitter. It never gives up. */
  redialMinMs: 500,
  redialMaxMs: 60 * second,
  /** How often the neighbours are looked at. */
  tendMs: 1 * second,
  /** Mean time between dials of a random known member beyond the neighbours: it heals a mesh that was cut in two. */
  exploreMs: 30 * second,
  /** After a hangup for cause the peer is not dialled. */
  bannedMs: 5 * minute,
  bannedMax: 1024,
  /** Known members' addresses: about 200 bytes each. */
  bookMax: 1024,
  bookAddrsMax: 8,
  addrChars: 256,
  /** Streams that one peer may open at once: sync, blobs, gossip, identify, ping, dht. */
  streamsPerPeer: 64,
  /** yamux: what one stream may have in flight, which on 50 ms is 80 MB/s. */
  streamWindowBytes: 4 * MiB,
  pingMs: 30 * second,
  /** One question whether anybody answers at a lost peer's addresses: the first packet and one repetition. */
  probeMs: 2 * second,
} as const

/** Bounds of the blob protocol and of the block store. */
export const BLOB_LIMITS = {
  /** RECORDS.md section 5. */
  chunkBytes: 256 * KiB,
  bundleBytes: 1024 * MiB,
  /** The root block is fetched whole; the compiler bounds it at the same figure. */
  rootBytes: 2 * MiB,
  /** A frame: a root block and its header. */
  frameBytes: 2 * MiB + 4 * KiB,
  /** What one peer may be asked for at once. DESIGN.md section 10: 2 to 4 MiB, because reads have no backpressure. */
  windowBytes: 2 * MiB,
  /** And all peers together for one bundle: deeper queues only make blocks late. */
  windowTotalBytes: 4 * MiB,
  /** Bundles fetched at once, and wanted at once. */
  fetchesMax: 4,
  wantsMax: 1024,
  /** Peers asked at once for one bundle. */
  peersPerFetch: 8,
  /** Requests that one peer may have waiting here; more are answered with busy. */
  requestsPerPeer: 64,
  /** Peers served at once; others are told busy. */
  slots: 32,
  /** Bundles that one peer may follow here. */
  followsPerPeer: 64,
  /** Token bucket for each peer served: bytes a second, and what may go at once. */
  bucketBytesPerSecond: 256 * MiB,
  bucketBytes: 16 * MiB,
  /** A block of a large bundle that was sent to one peer is not sent to a second for this long: it gets it from the first. */
  spreadMs: 6000,
  /** And this long while other blocks were sent to nobody yet. */
  spreadFirstMs: 15_000,
  /** Peers that are told to come back do so after this. */
  busyMs: 500,
  spreadChunks: 16,
  /** A request without an answer. */
  answerMs: 15 * second,
  retryMinMs: 250,
  retryMaxMs: 60 * second,
  /** A failure that is not final is told this often. */
  reportMs: 30 * second,
  /** A peer that sent wrong bytes is not asked again for this long. */
  blameMs: 10 * minute,
  /** A blob stream without a word is closed. */
  idleMs: 2 * minute,
  /** Disk that blocks may take, unless `chorus.yaml` says otherwise. */
  quotaBytes: 16 * 1024 * MiB,
} as const

/** Bounds of the store and of the state folder. */
export const STORE_LIMITS = {
  /** The SQLite file: ten million records of 400 bytes. */
  databaseBytes: 4 * 1024 * MiB,
  /** Entries of libp2p's datastore: peers and DHT records. */
  datastoreEntries: 4096,
  datastoreValueBytes: 64 * KiB,
  /** `chorus.yaml`. */
  configBytes: 64 * KiB,
  listMax: 64,
} as const

/** Bounds of the host adapter. */
export const HOST_LIMITS = {
  /** Folders held open at once: a run over 1,000 folders must leave descriptors for the network. */
  foldersOpen: 128,
  /** Links that one path may pass: as Linux. */
  linksPerPath: 40,
  /** Folders whose renames are not durable yet; at that many they are synced at once. */
  dirtyFolders: 4096,
  /** Backup store: content that was overwritten. One file, all of them, and their number; the oldest go first. */
  backupFileBytes: 64 * MiB,
  backupBytes: 1024 * MiB,
  backupFiles: 10_000,
  /** What is known of each backup, one line of about 200 bytes; the older half goes when it is full. */
  backupLogBytes: 4 * MiB,
  /** Content up to this is copied at once, larger content in pieces between other work. */
  atOnceBytes: 1 * MiB,
  /** Redirections of one URL that are followed. */
  redirects: 5,
  /** A command that was told to end is killed after this. */
  killGraceMs: 2 * second,
  /** After a command's own end: a pause in its output for this long is its end too, and at most so long is waited. */
  drainMs: 200,
  drainMaxMs: 2 * second,
  /** A look-up in directories beyond /etc/passwd (getent), and how long its answer counts. */
  getentMs: 2 * second,
  accountsMs: 30 * second,
  accountBytes: 4 * MiB,
} as const
