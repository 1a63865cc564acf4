/**
 * Positioned reads of a regular file whose length is known before anything is allocated.
 * Not modelled: pipes and devices (refused), files that grow; one that shrinks is reported as cut short.
 */
import { open, stat } from 'node:fs/promises'
import { Failure, problem } from '../domain/problem.js'
import { failureOf, isAbsence } from './fault.js'

/** Headers, indexes, pickles and small files are read whole; larger ones are refused (the limit of the safetensors reference). */
const wholeLimit = 100_000_000

export interface Source {
  readonly path: string
  /** Length in bytes. */
  readonly size: number
  /** Fills `out` from byte `offset` on. @throws Failure (in the promise) if the file ends before. */
  readonly readInto: (out: Uint8Array, offset: number) => Promise<void>
}

/** A source that somebody has to close. */
export interface OpenSource extends Source {
  readonly close: () => Promise<void>
}

/**
 * Length in bytes of a regular file, links followed (the Hugging Face cache is made of them); null if none is there.
 * @throws Failure (in the promise) if something else stands there: opening a pipe would wait forever.
 */
export const sizeOf = async (path: string): Promise<number | null> => {
  const found = await stat(path).catch((error: unknown) => {
    if (isAbsence(error)) return null
    throw failureOf(path, error)
  })
  if (found === null || found.isFile()) return found?.size ?? null
  throw new Failure(problem(path, '', 'a regular file', found.isDirectory() ? 'a folder' : 'a pipe, socket or device'))
}

/** Opens a file; for streams, which end where no bracket can. @throws Failure (in the promise) */
export const openSource = async (path: string): Promise<OpenSource> => {
  await sizeOf(path)
  const refuse = (error: unknown): never => {
    throw failureOf(path, error)
  }
  const handle = await open(path, 'r').catch(refuse)
  const stats = await handle.stat().catch(async (error: unknown) => {
    await handle.close()
    return refuse(error)
  })
  const readInto = async (out: Uint8Array, offset: number): Promise<void> => {
    for (let filled = 0; filled < out.length;) {
      const { bytesRead } = await handle.read(out, filled, out.length - filled, offset + filled).catch(refuse)
      if (bytesRead === 0) {
        const place = `bytes ${offset} to ${offset + out.length}`
        throw new Failure(problem(path, place, `${out.length} bytes`, `the end of the file at ${offset + filled}`))
      }
      filled += bytesRead
    }
  }
  return { path, size: stats.size, readInto, close: () => handle.close() }
}

/** Opens a file, uses it, closes it whatever happens. @throws Failure (in the promise) */
export const withSource = async <A>(path: string, use: (source: Source) => Promise<A>): Promise<A> => {
  const source = await openSource(path)
  try {
    return await use(source)
  } finally {
    await source.close()
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

/** The bytes [0, end) in their order, each block an array of its own. @throws Failure */
export async function* blocks(source: Source, blockBytes: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < end; at += blockBytes) {
    const block = new Uint8Array(Math.min(blockBytes, end - at))
    await source.readInto(block, at)
    yield block
  }
}

/** The part of a source from a byte on. */
export const from = (source: Source, at: number): Source => ({
  ...source,
  readInto: (out, offset) => source.readInto(out, at + offset),
})
