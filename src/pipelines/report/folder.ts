/**
 * A folder of results as `run` leaves it, checked before anything is read from it: every table that its list names is there
 * with the SHA-256 that stands beside it, and no table is missing. Not here: what stands in them.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fail } from '../../domain/problem.js'
import type { Provenance } from '../../domain/tables/table.js'
import { failureOf } from '../../io/fault.js'
import { sha256OfFile } from '../../io/hash.js'
import { sizeOf } from '../../io/source.js'
import { fileIn, formats, tableNames, type TableName } from '../experiment/tables.js'
import { unitsFolder } from '../experiment/workspace.js'
import { readList, type Hashes } from '../tableFiles.js'

export interface ResultsFolder {
  readonly path: string
  readonly provenance: Provenance
  /** SHA-256 by name of file, in the order of the names. */
  readonly files: Hashes
  /** Each table's file; null: there is none of it. */
  readonly file: (name: TableName) => string | null
}

const isFolder = async (path: string): Promise<boolean> =>
  (
    await stat(path).catch((error: unknown) => {
      throw failureOf(path, error, 'a folder of results that "ohmflow run" wrote')
    })
  ).isDirectory()

const hasUnits = (path: string): Promise<boolean> =>
  stat(unitsFolder(path)).then(
    found => found.isDirectory(),
    () => false,
  )

/** @throws Failure (in the promise) */
const checkFile = async (list: string, path: string, hash: string): Promise<void> => {
  if ((await sizeOf(path)) === null) fail(path, '', `the table that ${list} lists`, 'none')
  const found = await sha256OfFile(path)
  if (found !== hash) fail(path, '', `SHA-256 ${hash}, as ${list} lists it`, `${found}: it was damaged or changed`)
}

/** @throws Failure (in the promise) for what is no folder of whole results */
export const openResults = async (path: string): Promise<ResultsFolder> => {
  if (!(await isFolder(path))) fail(path, '', 'a folder of results that "ohmflow run" wrote', 'a file')
  const list = join(path, 'tables.json')
  const found = await readList(list)
  const written = 'the list that "ohmflow run" writes with its tables, once all units are there'
  if (found === null) {
    const units = 'none, but units: of a run that was stopped, or of one shard of several'
    return fail(list, '', written, (await hasUnits(path)) ? units : 'none')
  }
  for (const [name, hash] of Object.entries(found.files)) await checkFile(list, join(path, name), hash)
  const file = (name: TableName): string | null => {
    const own = formats.map(f => fileIn(f, name)).find(f => f in found.files)
    return own === undefined ? null : join(path, own)
  }
  for (const name of ['scores', 'predictions'] as const)
    if (file(name) === null)
      fail(list, 'files', `the table "${name}" of a run that was not stopped as it wrote them`, 'none')
  return { path, provenance: new Map(Object.entries(found.provenance)), files: found.files, file }
}

/** @throws Failure unless the tables about chips are there, which a run writes last. */
export const requireChipTables = ({ path, file }: ResultsFolder): void => {
  const missing = tableNames.find(name => file(name) === null)
  if (missing !== undefined)
    fail(join(path, 'tables.json'), 'files', `the table "${missing}" of a run that was not stopped as it wrote them`, 'none') // prettier-ignore
}
