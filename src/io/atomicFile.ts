/**
 * The one way a result file comes to be: written under a temporary name beside it, flushed to the device, renamed.
 * Whoever looks sees the old file, none, or the whole new one. Not promised: that two writers of one name take turns.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Failure, problem } from '../domain/problem.js'
import { failureOf, isAbsence } from './fault.js'
import { host, lives } from './process.js'

/** Where bytes go; resolves when they are taken, so that a fast producer waits. */
export interface ByteSink {
  readonly write: (bytes: Uint8Array) => Promise<void>
}

const writeWhole = async (handle: FileHandle, bytes: Uint8Array): Promise<void> => {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done)
    done += bytesWritten
  }
}

/** Makes a rename in this folder survive a power cut, where the platform can. */
const syncFolder = async (folder: string): Promise<void> => {
  try {
    const handle = await open(folder, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // Windows cannot open a folder; the file itself is already on the device.
  }
}

const temporaryName = (path: string): string => `${path}.${host}-${process.pid}-${randomBytes(4).toString('hex')}.tmp`

/** Removes what killed processes of this machine left in a folder; a folder that is not there is clean. @throws Failure (in the promise) */
export const removeLeftovers = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, from, pid] = /\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.tmp$/.exec(name) ?? []
    if (from !== host || lives(Number(pid))) continue
    await rm(join(folder, name), { force: true }).catch((error: unknown) => {
      throw failureOf(join(folder, name), error)
    })
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** @throws Failure (in the promise) if something that is no folder stands where results are to go, or on the way there. */
export const refuseNonFolder = async (path: string): Promise<void> => {
  const found = await stat(path).catch((error: unknown) => {
    if (isAbsence(error)) return null
    throw failureOf(path, error)
  })
  if (found?.isDirectory() === false)
    throw new Failure(problem(path, '', 'a folder, or a place where one can be made', 'a file'))
}

/**
 * Makes a folder and those above it that are missing.
 * Step by step, because Node's own `recursive` never returns in folders like /proc, where making one gives ENOENT.
 */
const makeFolder = async (folder: string): Promise<void> => {
  const made = async (): Promise<'made' | 'no parent'> => {
    try {
      await mkdir(folder)
      return 'made'
    } catch (error) {
      if (codeOf(error) === 'EEXIST' && (await stat(folder)).isDirectory()) return 'made'
      if (codeOf(error) === 'ENOENT') return 'no parent'
      throw failureOf(folder, error)
    }
  }
  if ((await made()) === 'made') return
  if (dirname(folder) !== folder) await makeFolder(dirname(folder))
  if ((await made()) === 'made') return
  throw new Failure(problem(folder, '', 'a place where a folder can be made', 'none can be made there'))
}

/** Makes the folder that a file is to lie in. @throws Failure (in the promise) */
export const folderOf = (path: string): Promise<void> => makeFolder(dirname(path))

/**
 * Writes `path` whole or not at all; missing folders are made.
 * @throws Failure (in the promise) if the folder cannot be written or the device is full; no temporary file stays behind.
 */
export const writeAtomically = async <A>(path: string, produce: (sink: ByteSink) => Promise<A>): Promise<A> => {
  const temporary = temporaryName(path)
  try {
    await folderOf(path)
    const handle = await open(temporary, 'wx')
    let result: A
    try {
      result = await produce({ write: bytes => writeWhole(handle, bytes) })
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
    return result
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw failureOf(path, error)
  }
}

/** A small text or JSON file, atomically. */
export const writeTextAtomically = (path: string, text: string): Promise<void> =>
  writeAtomically(path, sink => sink.write(new TextEncoder().encode(text)))
