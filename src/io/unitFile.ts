/**
 * What one finished unit of work leaves behind: tables as Arrow IPC streams, one after the other, their lengths, then a
 * SHA-256 of all that stands before it. The file's name begins with the hash of what the unit depends on, which also stands
 * in it; a damaged file, and one under the name of another, counts as not there.
 *
 *     stream of table 0 | stream of table 1 | ... | byte length of each, uint64 | their number, uint32 | magic | SHA-256
 */
import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { RecordBatchReader } from 'apache-arrow'
import { fail } from '../domain/problem.js'
import type { Provenance, Row, Table } from '../domain/tables/table.js'
import { writeAtomically, type ByteSink } from './atomicFile.js'
import { blocks, from, openSource, readRange, sizeOf, withSource, type Source } from './source.js'
import { arrowBatches, arrowStreamSink, decoded, rowsOf } from './tables/arrow.js'
import { checkArrowStream } from './tables/arrowBounds.js'
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

/** Under which hash a unit says of itself that it belongs. */
const dependsOn = 'ohmflow:depends-on-sha256'

/** What a unit file says of what it depends on, by the hash of that. */
export const provenanceOf = (key: string): Provenance => new Map([[dependsOn, key]])

/** `misplaced`: whole, but not the unit whose hash its name begins with. */
export type UnitState = 'absent' | 'whole' | 'damaged' | 'misplaced'

/** First byte and length of a table's stream. */
interface Extent {
  readonly at: number
  readonly bytes: number
}

/** Of each table; null if the lengths do not come to what is there. */
const streamsOf = async (source: Source): Promise<readonly Extent[] | null> => {
  const view = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.length)
  const body = source.size - trailer
  const count = view(await readRange(source, 'trailer', body, 4)).getUint32(0, true)
  if (8 * count > body) return null
  const lengths = view(await readRange(source, 'lengths', body - 8 * count, 8 * count))
  let at = 0
  const streams: Extent[] = []
  for (let i = 0; i < count; i++) {
    const bytes = Number(lengths.getBigUint64(8 * i, true))
    streams.push({ at, bytes })
    at += bytes
  }
  return at === body - 8 * count ? streams : null
}

const streamBlocks = (source: Source, { at, bytes }: Extent): AsyncGenerator<Uint8Array> =>
  blocks(from(source, at), blockBytes, bytes)

/** Under which hash a file belongs, as its first table says; null if it does not, or is none. */
const keyIn = async (source: Source, first: Extent): Promise<string | null> => {
  try {
    await checkArrowStream(source, 'first table', first.at, first.bytes)
    const reader = await RecordBatchReader.from(streamBlocks(source, first))
    try {
      return (await reader.open()).schema.metadata.get(dependsOn) ?? null
    } finally {
      await reader.cancel()
    }
  } catch {
    return null
  }
}

/** A whole unit file's SHA-256, in hexadecimal digits, or why it does not count. */
export type UnitDigest = Exclude<UnitState, 'whole'> | { readonly sha256: string }

/** Reads a unit file through. @throws Failure (in the promise) if it cannot be read. */
export const unitDigest = async (path: string): Promise<UnitDigest> => {
  if ((await sizeOf(path)) === null) return 'absent'
  return withSource(path, async source => {
    if (source.size < trailer) return 'damaged'
    const hash = createHash('sha256')
    for await (const block of blocks(source, blockBytes, source.size - digestBytes)) hash.update(block)
    const end = await readRange(source, 'trailer', source.size - magic.length - digestBytes, magic.length + digestBytes)
    const found = hash.digest()
    const streams = Buffer.concat([magic, found]).equals(end) ? await streamsOf(source) : null
    if (streams === null) return 'damaged'
    const [named] = /^[0-9a-f]{64}/.exec(basename(path)) ?? []
    const [first] = streams
    const own = named === undefined || first === undefined || (await keyIn(source, first)) === named
    return own ? { sha256: found.toString('hex') } : 'misplaced'
  })
}

/** Whether a unit file is there, whole, and the one that its name says. @throws Failure (in the promise) if it cannot be read. */
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

const refuse = (path: string, { name }: Table, found: string): never =>
  fail(path, `table "${name}"`, 'a unit as ohmflow writes it', found)

/** The rows of one table of a whole unit file, in order, batch by batch. The file is closed at the end. @throws Failure */
export const readUnit = async function* <R extends Row>(path: string, table: Table, place = 0): AsyncGenerator<R> {
  const source = await openSource(path)
  try {
    const stream = (await streamsOf(source))?.[place]
    if (stream === undefined) return refuse(path, table, `no table ${place}`)
    const shown = `table "${table.name}"`
    await checkArrowStream(source, shown, stream.at, stream.bytes)
    for await (const batch of decoded(path, shown, arrowBatches(streamBlocks(source, stream))))
      yield* rowsOf(path, batch, table) as Generator<R> // as: the columns are of these types
  } finally {
    await source.close()
  }
}
