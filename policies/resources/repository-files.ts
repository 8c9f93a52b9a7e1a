import type { Wanted } from './file-content.ts'
import type { OwnedFile } from './owned.ts'

export interface RepositoryWish {
  readonly present: boolean
  readonly uris: readonly string[]
  readonly suites: readonly string[]
  readonly components: readonly string[]
  readonly architectures: readonly string[]
  readonly types: readonly string[]
  readonly key: Wanted | null
  readonly armoured: boolean
  readonly unsigned: boolean
  readonly enabled: boolean
}

interface RepositoryFiles {
  readonly files: readonly OwnedFile[]
  /** The command that shows that the repository is there and signed as it should be; null where nothing is to be seen. */
  readonly test: readonly string[] | null
}

/** The files that make a repository known, for each package manager. Those of a key in the other form must go. */
export function repositoryFiles(manager: 'apt' | 'dnf', name: string, wish: RepositoryWish): RepositoryFiles {
  return manager === 'apt' ? aptFiles(name, wish) : dnfFiles(name, wish)
}

function aptFiles(name: string, wish: RepositoryWish): RepositoryFiles {
  const list = `/etc/apt/sources.list.d/${name}.sources`
  const keyPath = (armoured: boolean): string => `/etc/apt/keyrings/${name}.${armoured ? 'asc' : 'gpg'}`
  const key = wish.present ? wish.key : null
  const fields: readonly (readonly [string, readonly string[]])[] = [
    ['Types', wish.types],
    ['URIs', wish.uris],
    ['Suites', wish.suites.length === 0 ? ['./'] : wish.suites],
    ['Components', wish.components],
    ['Architectures', wish.architectures],
    ['Signed-By', key === null ? [] : [keyPath(wish.armoured)]],
    ['Trusted', wish.unsigned ? ['yes'] : []],
    ['Enabled', wish.enabled ? [] : ['no']],
  ]
  const lines = fields
    .filter(([, values]) => values.length > 0)
    .map(([field, values]) => `${field}: ${values.join(' ')}`)
  const used = wish.present && wish.enabled
  return {
    files: [
      { path: keyPath(wish.armoured), content: key },
      { path: keyPath(!wish.armoured), content: null },
      { path: list, content: wish.present ? `# Managed by Chorus.\n${lines.join('\n')}\n` : null },
    ],
    test: used
      ? [
          'apt-get',
          '-q',
          'update',
          '-o',
          `Dir::Etc::sourcelist=${list}`,
          '-o',
          'Dir::Etc::sourceparts=-',
          '-o',
          'APT::Get::List-Cleanup=0',
          '-o',
          'APT::Update::Error-Mode=any',
        ]
      : null,
  }
}

function dnfFiles(name: string, wish: RepositoryWish): RepositoryFiles {
  const keyPath = `/etc/pki/rpm-gpg/${name}`
  const key = wish.present ? wish.key : null
  const lines = [
    '# Managed by Chorus.',
    `[${name}]`,
    `name=${name}`,
    `baseurl=${wish.uris.join('\n        ')}`,
    `enabled=${wish.enabled ? 1 : 0}`,
    `gpgcheck=${key === null ? 0 : 1}`,
    ...(key === null ? [] : [`gpgkey=file://${keyPath}`]),
  ]
  return {
    files: [
      { path: keyPath, content: key },
      { path: `/etc/yum.repos.d/${name}.repo`, content: wish.present ? `${lines.join('\n')}\n` : null },
    ],
    test: wish.present && wish.enabled ? ['dnf', '-q', '-y', 'makecache', '--repo', name] : null,
  }
}
