/**
 * What one finished unit of work leaves behind: tables as Arrow IPC streams, one after the other, their lengths, then a
 * SHA-256 of all that stands before it. The file's name is the hash of what the unit depends on; a damaged file counts
 * as not there.
 *
 *     stream of table 0 | stream of table 1 | ... | byte length of each, uint64 | their number, uint32 | magic | SHA-256
 */
import { createHash } from 'node:crypto'
import { fail } from '../domain/problem.js'
import type { Provenance, Row, Table } from '../domain/tables/table.js'
import { writeAtomically, type ByteSink } from './atomicFile.js'
import { blocks, from, openSource, readRange, sizeOf, withSource, type Source } from './source.js'
import { arrowBatches, arrowStreamSink, rowsOf } from './tables/arrow.js'
import type { TableSink } from './tables/sink.js'

const magic = new TextEncoder().encode('OHMUNIT2')
const digestBytes = 32
const trailer = 4 + magic.length + digestBytes
const blockBytes = 1 << 16

/** Where the rows of a unit go: its tables one after the other, each closed before the next is begun. */
export interface UnitSink {
  readonly table: <Name extends string>(table: Table<Name>) => TableSink<Name>
}

const endOf = (lengths: readonly number[]): Uint8Array => {
  const bytes = new DataView(new ArrayBuffer(8 * lengths.length + 4))
  lengths.forEach((length, i) => {
    bytes.setBigUint64(8 * i, BigInt(length), true)
  })
  bytes.setUint32(8 * lengths.length, lengths.length, true)
  return new Uint8Array(bytes.buffer)
}

/** Writes a unit file whole or not at all. */
export const writeUnit = async <A>(
  path: string,
  provenance: Provenance,
  produce: (unit: UnitSink) => Promise<A>,
): Promise<A> =>
  writeAtomically(path, async sink => {
    const hash = createHash('sha256')
    const lengths: number[] = []
    const counted: ByteSink = {
      write: bytes => {
        hash.update(bytes)
        lengths[lengths.length - 1] = (lengths.at(-1) ?? 0) + bytes.length
        return sink.write(bytes)
      },
    }
    const result = await produce({
      table: table => {
        lengths.push(0)
        return arrowStreamSink(table, provenance, counted)
      },
    })
    const end = endOf(lengths)
    await sink.write(end)
    await sink.write(magic)
    await sink.write(hash.update(end).update(magic).digest())
    return result
  })

/** Writes a whole table of a unit. */
export const writeRows = async <Name extends string>(
  unit: UnitSink,
  table: Table<Name>,
  rows: Iterable<Row<Name>>,
): Promise<void> => {
  const sink = unit.table(table)
  for (const row of rows) await sink.write(row)
  await sink.close()
}

/** A whole unit file's SHA-256, in hexadecimal digits; `damaged` where it does not hold. */
export type UnitDigest = 'absent' | 'damaged' | { readonly sha256: string }

/** Reads a unit file through. @throws Failure (in the promise) if it cannot be read. */
export const unitDigest = async (path: string): Promise<UnitDigest> => {
  if ((await sizeOf(path)) === null) return 'absent'
  return withSource(path, async source => {
    if (source.size < trailer) return 'damaged'
    const hash = createHash('sha256')
    for await (const block of blocks(source, blockBytes, source.size - digestBytes)) hash.update(block)
    const end = await readRange(source, 'trailer', source.size - magic.length - digestBytes, magic.length + digestBytes)
    const found = hash.digest()
    return Buffer.concat([magic, found]).equals(end) ? { sha256: found.toString('hex') } : 'damaged'
  })
}

export type UnitState = 'absent' | 'whole' | 'damaged'

/** Whether a unit file is there and its checksum holds. @throws Failure (in the promise) if it cannot be read. */
export const unitState = async (path: string): Promise<UnitState> => {
  const digest = await unitDigest(path)
  return typeof digest === 'string' ? digest : 'whole'
}

/** A copy of a whole unit file, whole or not at all. @throws Failure (in the promise) if it is no longer the one of `sha256` */
export const copyUnit = (from: string, to: string, { sha256 }: { readonly sha256: string }): Promise<void> =>
  writeAtomically(to, sink =>
    withSource(from, async source => {
      const hash = createHash('sha256')
      for await (const block of blocks(source, blockBytes, source.size - digestBytes)) {
        hash.update(block)
        await sink.write(block)
      }
      const end = await readRange(source, 'trailer', source.size - digestBytes, digestBytes)
      const found = hash.digest()
      if (!found.equals(end) || found.toString('hex') !== sha256)
        fail(from, '', 'the unit as it was when the merge began', 'another: it was changed meanwhile')
      await sink.write(end)
    }),
  )

/** First byte and length of each table's stream. */
const streamsOf = async (source: Source): Promise<readonly { readonly at: number; readonly bytes: number }[]> => {
  const view = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.length)
  const count = view(await readRange(source, 'trailer', source.size - trailer, 4)).getUint32(0, true)
  const lengths = view(await readRange(source, 'lengths', source.size - trailer - 8 * count, 8 * count))
  let at = 0
  return Array.from({ length: count }, (_, i) => {
    const bytes = Number(lengths.getBigUint64(8 * i, true))
    at += bytes
    return { at: at - bytes, bytes }
  })
}

/** The rows of one table of a whole unit file, in order, batch by batch. The file is closed at the end. @throws Failure */
export const readUnit = async function* <R extends Row>(path: string, table: Table, place = 0): AsyncGenerator<R> {
  const source = await openSource(path)
  try {
    const stream = (await streamsOf(source))[place]
    if (stream === undefined) throw new Error(`${path}: no table ${place}`)
    for await (const batch of arrowBatches(blocks(from(source, stream.at), blockBytes, stream.bytes)))
      yield* rowsOf(path, batch, table) as Generator<R> // as: the schema the file was written with
  } finally {
    await source.close()
  }
}
