import type { Value } from '../model.ts'

/**
 * What the real tools of other systems said when Chorus asked them: recorded by `test/hosts/transcripts.test.ts` with
 * `CHORUS_RECORD=1`, replayed by `policies/resources/transcripts.test.ts`.
 */
export interface Transcript {
  /** The tool with its version. */
  readonly tool: string
  /** Which of the paths that the provider looks at were there at the start. */
  readonly before: readonly string[]
  readonly turns: readonly Turn[]
}

export interface Turn {
  readonly key: string
  readonly attrs: Readonly<Record<string, Value>>
  /** What became of the resource, as `lines` says it. */
  readonly outcome: string
  readonly commands: readonly RecordedCommand[]
}

export interface RecordedCommand {
  readonly argv: readonly string[]
  readonly code: number | null
  readonly output: string
  /** Which of the paths that the provider looks at were there after it. */
  readonly paths: readonly string[]
}

/** Something that happens on the host beside Chorus: a new version in the repository. */
export type Happening = 'newer'

/** What is asked of a tool, in this order; a word alone is something that happens in between. */
export type Scene = readonly (Happening | readonly [key: string, attrs: Readonly<Record<string, Value>>])[]

const PACKAGES: Scene = [
  ['package/testweb', {}],
  ['package/testweb', {}],
  ['package/testweb', { version: '1.0' }],
  ['package/testweb', { version: '2:1.0-1' }],
  'newer',
  ['package/testweb', { state: 'latest', cacheAge: '1s' }],
  ['package/testweb', { state: 'latest' }],
  ['package/nosuch', {}],
  ['package/more', { names: ['testlib', 'testweb'] }],
  ['package/testlib', { version: '9.9' }],
  ['package/testweb', { state: 'absent' }],
  ['package/testweb', { state: 'absent' }],
]

export interface Stage {
  readonly scene: Scene
  /** Paths that the provider looks at: they are there or not. */
  readonly watched: readonly string[]
  /** There from the start. */
  readonly sign: string
}

export const STAGES: Readonly<Record<'dnf' | 'pacman' | 'openrc', Stage>> = {
  dnf: {
    scene: [...PACKAGES.slice(0, 7), ['package/testweb', { version: '1.0' }], ...PACKAGES.slice(7)],
    watched: ['/var/cache/dnf'],
    sign: '/usr/bin/dnf',
  },
  pacman: {
    scene: PACKAGES,
    watched: [
      '/var/lib/pacman/local',
      '/var/lib/pacman/sync',
      ...['testweb-2:1.0-1', 'testweb-2:1.1-1', 'testlib-3.1-2'].map((one) => `/var/lib/pacman/local/${one}`),
    ],
    sign: '/usr/bin/pacman',
  },
  openrc: {
    scene: [
      ['service/testsvc', { state: 'running', enabled: true }],
      ['service/testsvc', { state: 'running', enabled: true }],
      ['service/testsvc', { state: 'stopped', enabled: false }],
      ['service/testsvc', { state: 'stopped', enabled: false }],
      ['service/broken', { state: 'running' }],
      ['service/none', { state: 'running' }],
      ['service/testsvc', { masked: true }],
    ],
    watched: ['/etc/runlevels/default/testsvc'],
    sign: '/sbin/rc-service',
  },
}
