import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { memorySource, type PolicySource } from '../../policies/index.ts'
import { SimError } from '../errors.ts'

/** The one place where the simulator looks at a disk: policy folders that a test names by their path. */

/** A policy of a simulation is held in memory; larger ones are compiled by the command, which reads files in pieces. */
const BYTES_MAX = 64 * 1024 * 1024
const FILES_MAX = 10_000

/** Regular files only; hidden ones and links are left out. @throws SimError E_SIM_POLICY if it cannot be read */
export function folderSource(folder: string): PolicySource {
  const files: Record<string, Uint8Array> = {}
  const executable: string[] = []
  let bytes = 0
  const walk = (below: string): void => {
    for (const name of readdirSync(join(folder, below)).toSorted()) {
      if (name.startsWith('.')) continue
      const path = below === '' ? name : `${below}/${name}`
      const found = lstatSync(join(folder, path))
      if (found.isDirectory()) walk(path)
      if (!found.isFile()) continue
      bytes += found.size
      if (bytes > BYTES_MAX || Object.keys(files).length >= FILES_MAX)
        throw new SimError('E_SIM_POLICY', `The folder ${folder} is too large for a simulation: 64 MiB, 10,000 files.`)
      files[path] = readFileSync(join(folder, path))
      if ((found.mode & 0o111) !== 0) executable.push(path)
    }
  }
  try {
    walk('')
  } catch (error) {
    if (error instanceof SimError) throw error
    throw new SimError('E_SIM_POLICY', `The policy folder ${folder} cannot be read: name a folder with a policy.yaml.`)
  }
  return memorySource(files, executable)
}
