/**
 * A Parquet file as hyparquet takes one: positioned reads, decompression, and what it objects to as a problem of the file.
 * Not modelled: ZSTD and LZ4 pages, encryption. Not here: which columns a file has to have.
 */
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { snappyUncompress, type AsyncBuffer, type Compressors } from 'hyparquet'
import { Failure, problem } from '../domain/problem.js'
import { keepLast } from '../domain/recent.js'
import { checkSnappy } from './snappy.js'
import type { Source } from './source.js'

/** How pages are decompressed, into as many bytes as their header says: all that hyparquet does itself it would do unchecked. */
export const compressors: Compressors = {
  GZIP: (input, bytes) => gunzipSync(input, { maxOutputLength: Math.max(1, bytes) }),
  BROTLI: (input, bytes) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, bytes) }),
  SNAPPY: (input, bytes) => {
    // A page of nulls only may have no stream at all.
    if (input.length > 0 || bytes > 0) checkSnappy(input, bytes)
    const page = new Uint8Array(bytes)
    snappyUncompress(input, page)
    return page
  },
}

/** Positioned reads, keeping the few ranges read last: windows of one row group share a column chunk or page. */
export const rangesOf = (source: Source): AsyncBuffer => {
  const { path: file, size: byteLength } = source
  const kept = new Map<string, Promise<ArrayBuffer>>()
  const keep = 12
  const read = async (start: number, end: number): Promise<ArrayBuffer> => {
    const bytes = new Uint8Array(end - start)
    await source.readInto(bytes, start)
    return bytes.buffer
  }
  return {
    byteLength,
    slice: (start, end = byteLength) => {
      if (!(start >= 0 && start <= end && end <= byteLength)) {
        const found = `a reference to bytes ${start} to ${end}`
        throw new Failure(problem(file, '', `a whole Parquet file: ${byteLength} bytes are there`, found))
      }
      const key = `${start}-${end}`
      return keepLast(kept, keep, key, kept.get(key) ?? read(start, end))
    },
  }
}

/** Runs the decoder; whatever it objects to is a problem of the file. @throws Failure */
export const decoding = async <A>(file: string, place: string, decode: () => A | Promise<A>): Promise<A> => {
  try {
    return await decode()
  } catch (error) {
    if (error instanceof Failure) throw error
    const found = error instanceof Error ? error.message : String(error)
    throw new Failure(problem(file, place, 'a whole and valid Parquet file', `what fails to decode (${found})`))
  }
}

/** @throws Failure unless a footer fits into the file */
export const refuseFooterless = ({ path, size }: Source): void => {
  if (size < 12) throw new Failure(problem(path, '', 'a Parquet file', `${size} bytes`))
}
