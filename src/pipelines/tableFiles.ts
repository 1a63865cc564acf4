/**
 * The table files of a folder, and the list that says which of them are ours: their provenance, and the SHA-256 of each.
 * A file is listed before it is put in its place, so that wherever a process is stopped, a table that is not listed was not
 * written here: it is refused, neither removed nor written over. Not here: what stands in a table.
 */
import { createHash } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { isJsonObject, type Json } from '../domain/experiment/config.js'
import { fail } from '../domain/problem.js'
import type { Provenance } from '../domain/tables/table.js'
import { writeAtomically, writeTextAtomically, type ByteSink } from '../io/atomicFile.js'
import { failureOf, orThrow } from '../io/fault.js'
import { isFileName } from '../io/fileName.js'
import { sha256OfFile } from '../io/hash.js'
import { parseJson } from '../io/json.js'
import { withLock } from '../io/lock.js'
import { sizeOf } from '../io/source.js'
import { readTextIfThere } from '../io/textFile.js'
import { checkpointed } from './interruption.js'

export interface TablePlace {
  readonly out: string
  /** Name of the list. */
  readonly list: string
  /** Names of all files that are tables, written or not. */
  readonly files: readonly string[]
  readonly provenance: Provenance
}

const elsewhere = 'another --out, or the file moved away'

/** SHA-256 by name of file, or another text by its key. */
export type Hashes = Readonly<Record<string, string>>

/**
 * Looks at or changes the tables while no other process does: two lists of one folder, read and written in turn, would
 * forget what the other lists, and tables of two configs would stand side by side.
 * @throws Failure or Interrupted (in the promise)
 */
export const withTables = <A>(
  { out, list }: Pick<TablePlace, 'out' | 'list'>,
  signal: AbortSignal,
  work: () => Promise<A>,
): Promise<A> =>
  withLock(
    join(out, `${list}.lock`),
    { busy: 'wait', doing: 'writes tables', checkpoint: () => checkpointed(signal) },
    work,
  )

/** What a list of files says. */
export interface List {
  readonly provenance: Hashes
  readonly files: Hashes
}

const isHashes = (value: Json | undefined): value is Hashes =>
  isJsonObject(value) && Object.values(value).every(item => typeof item === 'string')

const listFile = ({ out, list }: TablePlace): string => join(out, list)

/** Null if there is none. @throws Failure (in the promise) if something else stands there */
export const readList = async (path: string): Promise<List | null> => {
  const text = await orThrow(readTextIfThere(path))
  if (text === null) return null
  const parsed = parseJson(text)
  const { files = {}, ...provenance } = isLeft(parsed) || !isJsonObject(parsed.right) ? {} : parsed.right
  if (isHashes(files) && isHashes(provenance) && Object.hasOwn(provenance, 'ohmflow:version')) {
    // What is listed may be removed.
    const away = Object.keys(files).find(name => !isFileName(name))
    if (away === undefined) return { provenance, files }
    return fail(path, 'files', 'names of files in the same folder', JSON.stringify(away))
  }
  return fail(path, '', `a list of files that ohmflow wrote, or nothing (${elsewhere})`, 'another file')
}

const sorted = (entries: Iterable<readonly [string, string]>): Hashes => Object.fromEntries([...entries].sort())

const listText = (provenance: Provenance, files: Hashes): string =>
  `${JSON.stringify({ ...sorted(provenance), files: sorted(Object.entries(files)) }, null, 2)}\n`

/** The files of this list are those of this experiment. */
const isOf = (place: TablePlace, { provenance }: List): boolean =>
  JSON.stringify(sorted(Object.entries(provenance))) === JSON.stringify(sorted(place.provenance))

/**
 * Removes tables that another config, other inputs or another version gave, so that they do not stand beside these or
 * pass for them while these are not there. @returns those that were there
 * @throws Failure (in the promise), before anything is removed, if one of them was not written here or was changed
 */
export const removeOutdated = async (place: TablePlace): Promise<readonly string[]> => {
  const list = await readList(listFile(place))
  const there: string[] = []
  for (const file of place.files) {
    const path = join(place.out, file)
    if ((await sizeOf(path)) === null) continue
    const hash = list?.files[file]
    if (hash === undefined || hash !== (await sha256OfFile(path)))
      fail(
        path,
        '',
        `a file that ${listFile(place)} lists with its SHA-256, or nothing (${elsewhere})`,
        hash === undefined ? 'one that is not listed' : 'one that was changed since',
      )
    there.push(path)
  }
  if (list === null || isOf(place, list)) return []
  for (const path of [...there, listFile(place)])
    await rm(path, { force: true }).catch((error: unknown) => {
      throw failureOf(path, error)
    })
  return there
}

/** Writes the tables of a place, one file at a time, each whole or not at all. */
export const tableWriter = (place: TablePlace) => {
  const written = new Map<string, string>()
  return {
    /** @returns the file's path. @throws Failure (in the promise) */
    write: async (file: string, produce: (sink: ByteSink) => Promise<void>): Promise<string> => {
      const path = join(place.out, file)
      await writeAtomically(path, async sink => {
        const hash = createHash('sha256')
        await produce({
          write: bytes => {
            hash.update(bytes)
            return sink.write(bytes)
          },
        })
        written.set(file, hash.digest('hex'))
        const list = await readList(listFile(place))
        const before = list !== null && isOf(place, list) ? list.files : {}
        await writeTextAtomically(
          listFile(place),
          listText(place.provenance, { ...before, ...Object.fromEntries(written) }),
        )
      })
      return path
    },
  }
}
