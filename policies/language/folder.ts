import { didYouMean } from '../expr/suggest.ts'
import { LIMITS } from '../limits.ts'
import type { SourcePlace } from '../model.ts'
import type { Report } from './diagnostic.ts'
import { patternOf } from './pattern.ts'
import { joinPath } from './relative.ts'
import { checkLink, pathProblem, readText, type PolicySource, type SourceFile } from './source.ts'

/** A file with the folder that it lies in, as messages name it: '' for the policy's own. */
interface Placed {
  readonly file: SourceFile
  readonly from: string
}

/** The files of a policy folder by path, laid on those of the folders that it extends, and which of them the policy uses. */
export class Folder {
  /** By path: the file in force first, then those that it hides. */
  readonly #files = new Map<string, Placed[]>()
  readonly #used = new Map<string, SourceFile>()
  readonly #report: Report
  readonly #name: string
  #paths: readonly string[] | undefined

  /** @param name the folder as messages name it; '' for that of the policy itself */
  constructor(source: PolicySource, report: Report, name = '') {
    this.#report = report
    this.#name = name
    this.#add(source, name)
  }

  /** Lays the files of a base under those that are here. */
  layUnder(name: string, source: PolicySource): void {
    this.#add(source, name)
    this.#paths = undefined
  }

  get paths(): readonly string[] {
    this.#paths ??= [...this.#files.keys()].sort()
    return this.#paths
  }

  /** Files that go into the bundle, by path. */
  get used(): ReadonlyMap<string, SourceFile> {
    return this.#used
  }

  /** A file as messages name it: from the folder that is compiled. */
  shown(path: string): string {
    return joinPath(this.#files.get(path)?.[0]?.from ?? this.#name, path)
  }

  /** The text of `path`, or undefined after a report. A byte order mark is refused: it would end up in the content. */
  text(path: string, maxBytes: number, at: SourcePlace): string | undefined {
    const [placed] = this.#files.get(path) ?? []
    if (placed !== undefined) return this.#read(placed, maxBytes)
    this.#missing(path, at)
    return undefined
  }

  /** The texts of a file that every folder of the chain can have, lowest first, each with the name to use in messages. */
  texts(path: string, maxBytes: number): readonly { readonly file: string; readonly text: string }[] {
    return (this.#files.get(path) ?? []).toReversed().flatMap((placed) => {
      const text = this.#read(placed, maxBytes)
      return text === undefined ? [] : [{ file: joinPath(placed.from, path), text }]
    })
  }

  /** Files that a name can mean: itself, or for a name with `${...}` all that fit. Nothing is a report if it must be there. */
  match(name: string, at: SourcePlace, must: 'file' | 'file or folder' | 'may be absent'): readonly string[] {
    const folders = must === 'file or folder'
    const found = name.includes('${') ? this.#matchPattern(name, folders) : this.#matchName(name, at, folders)
    if (found?.length === 0 && must !== 'may be absent') this.#missing(name, at)
    return found ?? []
  }

  /** Marks files to be carried by the bundle. */
  use(paths: readonly string[], at: SourcePlace): void {
    for (const path of paths) {
      const file = this.#files.get(path)?.[0]?.file
      if (file === undefined || this.#used.has(path)) continue
      this.#report.attempt(at, '', () => checkLink(file))
      this.#used.set(path, file)
    }
  }

  #add({ files }: PolicySource, from: string): void {
    const start = { file: joinPath(from, 'policy.yaml'), line: 1, column: 1 }
    if (files.length > LIMITS.folderFiles) {
      const message = `the folder has ${files.length} files, the limit is ${LIMITS.folderFiles}`
      this.#report.add('E_TOO_LARGE', start, message, 'Is this the folder of one policy? Move the others out.')
      return
    }
    const seen = new Set<string>()
    for (const file of files) {
      const problem = pathProblem(file.path)
      if (problem !== undefined)
        this.#report.add('E_PATH', start, `the file name '${file.path.slice(0, 100)}' ${problem}`)
      else if (seen.has(file.path)) this.#report.add('E_PATH', start, `the file '${file.path}' is listed twice`)
      else this.#files.set(file.path, [...(this.#files.get(file.path) ?? []), { file, from }])
      seen.add(file.path)
    }
  }

  #read({ file, from }: Placed, maxBytes: number): string | undefined {
    const path = joinPath(from, file.path)
    const start = { file: path, line: 1, column: 1 }
    const text = this.#report.attempt(start, '', () => readText(file, maxBytes))
    if (text?.startsWith('\uFEFF') !== true) return text
    this.#report.add('E_UTF8', start, `${path} starts with a byte order mark`, 'Save it as UTF-8 without one.')
    return undefined
  }

  #matchName(name: string, at: SourcePlace, folders: boolean): readonly string[] | undefined {
    const clean = folders && name.endsWith('/') ? name.slice(0, -1) : name
    const problem = pathProblem(clean)
    if (problem !== undefined) {
      this.#report.add(
        'E_PATH',
        at,
        `the file name '${name}' ${problem}`,
        'Name a file of the policy folder, as in files/motd; copy what lies outside into it.',
      )
      return undefined
    }
    if (this.#files.has(clean)) return [clean]
    return folders ? this.paths.filter((path) => path.startsWith(`${clean}/`)) : []
  }

  #matchPattern(name: string, folders: boolean): readonly string[] {
    const pattern = patternOf(name.replace(/\/$/, ''), folders)
    // `${labels.env}.yaml` does not mean the policy itself.
    return this.paths.filter((path) => path !== 'policy.yaml' && path !== 'policy.ts' && pattern.matches(path))
  }

  #missing(name: string, at: SourcePlace): void {
    const where = this.#name === '' ? 'the folder' : `the folder ${this.#name}`
    this.#report.add('E_NO_FILE', at, `${where} has no '${name}'.${didYouMean(name, this.paths)}`)
  }
}
