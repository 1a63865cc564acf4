/**
 * A file opened for positioned reads, with its failures worded for a person.
 * Not modelled: writing, locking, files that change while they are read (a short read is reported as truncation).
 */
import { open, type FileHandle } from 'node:fs/promises'
import { Failure, problem, type Problem } from '../../domain/problem.js'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'nothing there',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  EISDIR: 'a folder',
  ENOTDIR: 'a file where a folder should be',
  EMFILE: 'too many open files',
  EIO: 'a read error of the device',
}

/** The problem behind an error of node:fs. */
export const fileProblem = (file: string, expected: string, error: unknown): Problem => {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
  return problem(file, '', expected, (code === null ? undefined : reasons[code]) ?? code ?? String(error))
}

/** Opens a regular file. @throws Failure if it cannot be opened or is no regular file. */
export const openFile = async (file: string): Promise<{ readonly handle: FileHandle; readonly size: number }> => {
  const expected = 'a readable file'
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new Failure(fileProblem(file, expected, error))
  })
  try {
    const stat = await handle.stat()
    if (stat.isDirectory()) throw new Failure(problem(file, '', expected, 'a folder'))
    return { handle, size: stat.size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** Reads up to `out.length` bytes at the handle's own position. @returns the number read, 0 at the end. @throws Failure */
export const readNext = async (file: string, handle: FileHandle, out: Uint8Array): Promise<number> => {
  try {
    return (await handle.read(out, 0, out.length, null)).bytesRead
  } catch (error) {
    throw new Failure(fileProblem(file, 'a readable file', error))
  }
}

/** The bytes [start, end) of a file. @throws Failure if they are not all there. */
export const readRange = async (file: string, handle: FileHandle, start: number, end: number): Promise<ArrayBuffer> => {
  const out = new Uint8Array(end - start)
  let filled = 0
  while (filled < out.length) {
    const { bytesRead } = await handle
      .read(out, filled, out.length - filled, start + filled)
      .catch((error: unknown) => {
        throw new Failure(fileProblem(file, 'a readable file', error))
      })
    if (bytesRead === 0) {
      const found = `the end of the file at byte ${start + filled}`
      throw new Failure(problem(file, `bytes ${start} to ${end}`, `${end - start} bytes`, found))
    }
    filled += bytesRead
  }
  return out.buffer
}
