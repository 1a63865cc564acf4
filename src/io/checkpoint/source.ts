/**
 * Positioned reads of a regular file whose length is known before anything is allocated.
 * Not modelled: pipes and devices (refused), files that grow; one that shrinks is reported as cut short.
 */
import { open, stat } from 'node:fs/promises'
import { Failure, problem } from '../../domain/problem.js'
import { failureOf } from '../fault.js'

/** Headers, indexes and pickles are read whole; larger ones are refused (the limit of the safetensors reference). */
const wholeLimit = 100_000_000

export interface Source {
  readonly path: string
  /** Length in bytes. */
  readonly size: number
  /** Fills `out` from byte `offset` on. @throws Failure (in the promise) if the file ends before. */
  readonly readInto: (out: Uint8Array, offset: number) => Promise<void>
}

/**
 * Length in bytes of a regular file, links followed (the Hugging Face cache is made of them); undefined if none is there.
 * @throws Failure (in the promise) if something else stands there: opening a pipe would wait forever.
 */
export const sizeOf = async (path: string): Promise<number | undefined> => {
  const found = await stat(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw failureOf(path, error)
  })
  if (found === undefined || found.isFile()) return found?.size
  throw new Failure(problem(path, '', 'a regular file', found.isDirectory() ? 'a folder' : 'a pipe, socket or device'))
}

/** Opens a file, uses it, closes it whatever happens. @throws Failure (in the promise) */
export const withSource = async <A>(path: string, use: (source: Source) => Promise<A>): Promise<A> => {
  if ((await sizeOf(path)) === undefined) throw new Failure(problem(path, '', 'a file that exists', 'none'))
  try {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      const readInto = async (out: Uint8Array, offset: number): Promise<void> => {
        for (let filled = 0; filled < out.length;) {
          const { bytesRead } = await handle.read(out, filled, out.length - filled, offset + filled)
          if (bytesRead === 0) {
            const place = `bytes ${offset} to ${offset + out.length}`
            throw new Failure(problem(path, place, `${out.length} bytes`, `the end of the file at ${offset + filled}`))
          }
          filled += bytesRead
        }
      }
      return await use({ path, size, readInto })
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw failureOf(path, error)
  }
}

/**
 * The bytes [offset, offset + length), checked against the file's length and a limit before they are allocated.
 * `what` names them in messages. @throws Failure (in the promise)
 */
export const readRange = async (source: Source, what: string, offset: number, length: number): Promise<Uint8Array> => {
  if (length > wholeLimit)
    throw new Failure(problem(source.path, what, `at most ${wholeLimit} bytes`, `${length} bytes`))
  if (offset + length > source.size) {
    const found = `${Math.max(0, source.size - offset)} of them in a file of ${source.size} bytes`
    throw new Failure(problem(source.path, what, `${length} bytes from byte ${offset} on`, found))
  }
  const bytes = new Uint8Array(length)
  await source.readInto(bytes, offset)
  return bytes
}
