const KiB = 1024
const MiB = 1024 * KiB
const second = 1000
const minute = 60 * second

/**
 * Every bound of the policy language, with its reason. Sizes are bytes unless named otherwise. They are the same on every
 * node, because a policy that one node can resolve and another cannot would split the fleet.
 */
export const LIMITS = {
  /** Nesting of YAML, of values and of compiled policies. The parsers recurse: they overflow at 20,000; people stop at 10. */
  depth: 64,
  /** A policy.yaml or data layer. 10,000 resources take about 1 MiB. */
  yamlBytes: 4 * MiB,
  /** Nodes of one YAML file after its aliases are expanded. 10,000 resources of 10 attributes each have 200,000. */
  yamlNodes: 500_000,
  /** A template: it is held in memory on every node, and configuration files are small. */
  templateBytes: MiB,
  /** Files that a policy folder may hold, so that a wrong folder (a home directory) is refused early. */
  folderFiles: 20_000,
  /** Files that one bundle carries: about 120 bytes each keep its root below 2 MiB. */
  bundleFiles: 10_000,
  /** A path in a bundle, in bytes of UTF-8; the usual PATH_MAX is 4,096 and the host adds a folder of its own. */
  pathBytes: 1024,
  /** A whole bundle, root included (RECORDS.md section 5). */
  bundleBytes: 1024 * MiB,
  /** The root block of a bundle: it is fetched whole before anything else. */
  rootBytes: 2 * MiB,
  /** A compiled policy: nodes hold it in memory. */
  policyBytes: 16 * MiB,
  /** A chunk of content (RECORDS.md section 5). */
  chunkBytes: 256 * KiB,
  /** Resources of one policy as written. */
  resources: 20_000,
  /** Resources of one policy on one node, after `each`. */
  resolvedResources: 50_000,
  /** Data layers of one policy (the files that the patterns in `data` can name). */
  layers: 5_000,
  /** Policies in a chain of `extends`; people stop at three. */
  extendsDepth: 16,
  /** Components within components, and instances in one policy. */
  componentDepth: 8,
  instances: 2_000,
  /** The line before a ciphertext: what it is for, and 13 characters for each of 4,000 recipients. */
  secretHeaderBytes: 64 * KiB,
  /** The value of a secret: keys and certificates are a few KiB; it is held in memory. */
  secretBytes: 256 * KiB,
  /** A file of a secret: header, 100 bytes for each recipient, and the value. */
  secretFileBytes: MiB,
  /** Combinations of labels that publishing resolves; each takes a few milliseconds at most. */
  combinations: 1_000,
  /** Problems reported at once; more only hide the first. */
  diagnostics: 200,
  /** Characters of a name of a policy, resource or tag. */
  nameChars: 200,
  /** Characters of one expression. */
  exprChars: 4 * KiB,
  /** Nodes of one parsed expression, and its nesting: the evaluator recurses. */
  exprNodes: 2_000,
  exprDepth: 64,
  /** Work units of one evaluation: a loop pays for its body, a text or list for its length. About 0.1 s at worst. */
  exprSteps: 1_000_000,
  /** Characters of a text that an expression may build. */
  exprTextChars: MiB,
  /** Compiled expressions kept (about 1 KB each). */
  exprCache: 8_192,
  /** Compiled `matches` patterns kept, and characters of one. RE2 is linear in the text, but not small. */
  regexCache: 256,
  regexChars: 1_000,
  /** Parsed templates kept. */
  templateCache: 256,
  /** Liquid: tags and outputs executed in one rendering, counted and not timed, so that every node stops at the same place. */
  templateSteps: 1_000_000,
  /** Liquid: its own count of allocated characters and items, and characters of the result. */
  templateMemory: 64 * MiB,
  renderedChars: 16 * MiB,
  /** A path on a host, in characters: PATH_MAX of Linux. */
  hostPathChars: 4096,
  /** Content of a file that `capture` writes into a policy; larger files lie beside it. */
  capturedBytes: 64 * KiB,
  /** Words of one command. */
  argvWords: 1_000,
  /** Names in one folder of a host that a purge or removal looks at, and things that one removal takes away. */
  folderEntries: 100_000,
  /** Folders within folders that a removal goes down: it recurses. */
  folderDepth: 64,
  /** A diff: bytes and lines of each side (the comparison takes their product in memory, 8 MiB), lines and characters shown. */
  diffBytes: 256 * KiB,
  diffLines: 2_000,
  diffShown: 200,
  diffChars: 16 * KiB,
  /** Output kept of a command, and how much of its end is put into an outcome. */
  execOutputBytes: 64 * KiB,
  execShownChars: 1_000,
  /** A command without a `timeout`, the longest one that may be asked for, and a guard or validation. ms. */
  execTimeoutMs: 5 * minute,
  execTimeoutMaxMs: 24 * 60 * minute,
  guardTimeoutMs: minute,
  /** A tool of the system that looks something up or changes one thing: seconds at most, but disks can be slow. ms. */
  toolTimeoutMs: 2 * minute,
  /** What such a tool prints: 20,000 installed packages are 1.5 MiB. */
  toolOutputBytes: 4 * MiB,
  /** A transaction of the package manager without a `timeout`, and how long it waits for a lock that somebody holds. ms. */
  packagesMs: 30 * minute,
  packageLockMs: 5 * minute,
  packageLockPollMs: 2 * second,
  /** Fetching the index of one repository. ms. */
  repositoryMs: 5 * minute,
  /** An index of packages that is older is fetched again before something is installed. ms. */
  packageIndexMs: 24 * 60 * minute,
  /** The file in which apk keeps what is installed, with every file of every package. */
  packageDatabaseBytes: 64 * MiB,
  /** Names in one resource, so that one command line holds them. */
  packageNames: 1_000,
  /** Starting or stopping a service: systemd's own limit is 90 s. ms. */
  serviceMs: 5 * minute,
  /** How often a service is looked at after its start, and the pause between: a wrong configuration ends it at once. */
  serviceLooks: 3,
  /** The same where a command of the policy tells whether it runs: it may need its time. */
  serviceStatusLooks: 30,
  serviceLookMs: 300,
  /** Members of an archive, the header of one with a long name, and what is read of one to make a hard link a file of its own. */
  archiveMembers: 200_000,
  archiveHeaderBytes: 64 * KiB,
  archiveLinkBytes: 256 * MiB,
  /** A zip file is read from its end, so all of it is in memory. */
  archiveZipBytes: 256 * MiB,
  /** What an archive may unpack to and a download may have if nothing is said, and the most that may be said. */
  archiveBytes: 4 * 1024 * MiB,
  downloadBytes: 1024 * MiB,
  downloadMaxBytes: 64 * 1024 * MiB,
  /** A check without a word about it: how often it is tried again, and the pause between. ms. */
  checkRetries: 3,
  checkIntervalMs: 2 * second,
  /** A supervised program without a word about it: pauses before its restart, and the time from its stop signal to its end. ms. */
  processBackoffMs: second,
  processBackoffMaxMs: minute,
  processGraceMs: 10 * second,
  /** /etc/passwd, /etc/group, /etc/shadow, /etc/hosts, /etc/fstab: 40,000 accounts. */
  tableBytes: 4 * MiB,
  /** A file of others that is edited, held in memory; lines of it that one resource remembers to have changed. */
  editBytes: 4 * MiB,
  editLines: 1_000,
  /** Levels of a JSON file that is edited: each is one call deep. */
  editDepth: 500,
  /** Files that one command watches: each is read at each check. */
  execWatched: 100,
  /** Further tries of one resource in a run, the pause before each if nothing is said, and the longest one. ms. */
  retries: 100,
  delayMs: 1_000,
  delayMaxMs: 10 * minute,
  /** Until a health check holds, if nothing is said, and at most; the pause between two tries, and one try. ms. */
  healthMs: 30 * second,
  healthMaxMs: 30 * minute,
  healthPauseMs: 500,
  healthTryMs: 10 * second,
  /** A whole run without a deadline of its own. ms. */
  runMs: 60 * minute,
  /** Resources at work at once: commands and large files; small files never wait. */
  parallelResources: 8,
  /** Small files on their way to the disk at once: a journal takes all of them in one commit. Each holds a descriptor. */
  parallelLight: 256,
  /** A run lets other work go on after this long. ms. */
  sliceMs: 10,
  /** Repairs of one resource within the window after which it is left alone until the window has passed. ms. */
  flapRepairs: 5,
  flapWindowMs: 10 * minute,
  /** Paths that are remembered as made by one resource: a folder of a bundle cannot have more files. */
  rememberedPaths: 20_000,
  /** Characters of an outcome's reason. */
  reasonChars: 2_000,
  /** Phrases of what changed that a reason lists; the rest are counted. */
  changesShown: 5,
  /** A file whose inode changed less than this before it was read may change again unseen. ms; the kernel's tick is 4. */
  seenAgeMs: 50,
} as const
