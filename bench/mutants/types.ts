/** One rule taken out of the engine: what to replace, in a copy of the tree. */
export interface Mutant {
  readonly name: string
  /** Section of RECORDS.md. */
  readonly section: number
  readonly edits: readonly Edit[]
}

/** `find` must be there exactly once; files are below node/core. */
export interface Edit {
  readonly file: string
  readonly find: string
  readonly put: string
}

/** A mutant of one place. */
export function mutant(section: number, name: string, file: string, find: string, put = ''): Mutant {
  return { name, section, edits: [{ file, find, put }] }
}
