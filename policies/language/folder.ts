import { didYouMean } from '../expr/suggest.ts'
import { LIMITS } from '../limits.ts'
import type { SourcePlace } from '../model.ts'
import type { Report } from './diagnostic.ts'
import { patternOf } from './pattern.ts'
import { checkLink, pathProblem, readText, type PolicySource, type SourceFile } from './source.ts'

/** The files of a policy folder by path, and which of them the policy uses. */
export class Folder {
  readonly #files = new Map<string, SourceFile>()
  readonly #used = new Map<string, SourceFile>()
  readonly #report: Report

  constructor(source: PolicySource, report: Report) {
    this.#report = report
    const start = { file: 'policy.yaml', line: 1, column: 1 }
    if (source.files.length > LIMITS.folderFiles) {
      const message = `the folder has ${source.files.length} files, the limit is ${LIMITS.folderFiles}`
      report.add('E_TOO_LARGE', start, message, 'Is this the folder of one policy? Move the others out.')
      return
    }
    for (const file of source.files) {
      const problem = pathProblem(file.path)
      if (problem !== undefined) report.add('E_PATH', start, `the file name '${file.path.slice(0, 100)}' ${problem}`)
      else if (this.#files.has(file.path)) report.add('E_PATH', start, `the file '${file.path}' is listed twice`)
      else this.#files.set(file.path, file)
    }
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()].sort()
  }

  /** Files that go into the bundle, by path. */
  get used(): ReadonlyMap<string, SourceFile> {
    return this.#used
  }

  /** The text of `path`, or undefined after a report. A byte order mark is refused: it would end up in the content. */
  text(path: string, maxBytes: number, at: SourcePlace): string | undefined {
    const file = this.#files.get(path)
    if (file === undefined) {
      this.#missing(path, at)
      return undefined
    }
    const text = this.#report.attempt({ file: path, line: 1, column: 1 }, '', () => readText(file, maxBytes))
    if (text?.startsWith('\uFEFF') !== true) return text
    this.#report.add(
      'E_UTF8',
      { file: path, line: 1, column: 1 },
      `${path} starts with a byte order mark`,
      'Save it as UTF-8 without one.',
    )
    return undefined
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
      const file = this.#files.get(path)
      if (file === undefined || this.#used.has(path)) continue
      this.#report.attempt(at, '', () => checkLink(file))
      this.#used.set(path, file)
    }
  }

  #matchName(name: string, at: SourcePlace, folders: boolean): readonly string[] | undefined {
    const clean = folders && name.endsWith('/') ? name.slice(0, -1) : name
    const problem = pathProblem(clean)
    if (problem !== undefined) {
      this.#report.add('E_PATH', at, `the file name '${name}' ${problem}`)
      return undefined
    }
    if (this.#files.has(clean)) return [clean]
    return folders ? this.paths.filter((path) => path.startsWith(`${clean}/`)) : []
  }

  #matchPattern(name: string, folders: boolean): readonly string[] {
    const pattern = patternOf(name.replace(/\/$/, ''), folders)
    return this.paths.filter((path) => pattern.matches(path))
  }

  #missing(name: string, at: SourcePlace): void {
    this.#report.add('E_NO_FILE', at, `the folder has no '${name}'.${didYouMean(name, this.paths)}`)
  }
}
