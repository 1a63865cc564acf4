/**
 * Arrow IPC streams and files as arrow.ts writes them, held against their own bytes before a decoder that trusts lengths is let
 * loose on them: a schema, then record batches, their flatbuffers walked over field by field (Apache Arrow's Schema.fbs,
 * Message.fbs, File.fbs). Not let through: dictionaries, types that no table here has. Not checked: what buffers hold.
 */
import { fail } from '../../domain/problem.js'
import { readRange, type Source } from '../source.js'

/** Bytes of a message without its body; a table's schema with units and descriptions has some kilobytes. */
const mostMessageBytes = 1 << 17
/** Bytes of a file's footer: the schema, and 24 for each batch of 8192 rows. */
const mostFooterBytes = 1 << 20
/** Structures in a message; offsets may lead to one of them again and again. */
const mostVisits = 10_000

class Malformed extends Error {}

const headers = { schema: 1, recordBatch: 3 } as const
/** Int, FloatingPoint, Utf8, List. */
const types: ReadonlySet<number> = new Set([2, 3, 5, 12])

/** Positions in a flatbuffer; every one is checked, and every structure counted. */
const walker = (bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let visits = 0
  const inside = (at: number, size: number): number => {
    if (!(at >= 0 && at + size <= bytes.length)) throw new Malformed(`an offset to ${at} in ${bytes.length} bytes`)
    return at
  }
  const uint32 = (at: number): number => view.getUint32(inside(at, 4), true)
  const uint16 = (at: number): number => view.getUint16(inside(at, 2), true)
  const target = (at: number): number => inside(at + uint32(at), 4)
  /** The decoder reads it with a sign. */
  const within = (size: number): number => {
    if (size >= 0x8000) throw new Malformed(`a structure of ${size} bytes`)
    return size
  }
  /** Where a table's field stands; null if it is left out. */
  const field = (table: number, index: number): number | null => {
    const layout = inside(table - view.getInt32(inside(table, 4), true), 4)
    const offset = 4 + 2 * index < within(uint16(layout)) ? within(uint16(layout + 4 + 2 * index)) : 0
    return offset === 0 ? null : table + offset
  }
  return {
    target,
    field,
    uint8: (at: number | null): number => (at === null ? 0 : view.getUint8(inside(at, 1))),
    int64: (at: number | null): number => (at === null ? 0 : Number(view.getBigInt64(inside(at, 8), true))),
    /** Places of a vector's elements. */
    elements: (table: number, index: number, size: number): readonly number[] => {
      const at = field(table, index)
      if (at === null) return []
      const start = target(at)
      const count = uint32(start)
      visits += count
      if (visits > mostVisits) throw new Malformed(`more than ${mostVisits} structures in a message`)
      inside(start + 4, count * size)
      return Array.from({ length: count }, (_, i) => start + 4 + i * size)
    },
    text: (table: number, index: number): void => {
      const at = field(table, index)
      if (at !== null) inside(target(at) + 4, uint32(target(at)))
    },
  }
}
type Walker = ReturnType<typeof walker>

const checkMetadata = (w: Walker, table: number, index: number): void => {
  for (const at of w.elements(table, index, 4)) for (const part of [0, 1]) w.text(w.target(at), part)
}

const checkFields = (w: Walker, table: number, index: number, depth = 0): void => {
  if (depth > 2) throw new Malformed('lists of lists')
  for (const at of w.elements(table, index, 4)) {
    const own = w.target(at)
    const type = w.uint8(w.field(own, 2))
    if (!types.has(type)) throw new Malformed(`a column of type ${type}`)
    if (w.field(own, 4) !== null) throw new Malformed('a dictionary')
    w.text(own, 0)
    checkMetadata(w, own, 6)
    checkFields(w, own, 5, depth + 1)
  }
}

const checkSchema = (w: Walker, schema: number): void => {
  checkFields(w, schema, 1)
  checkMetadata(w, schema, 2)
}

const checkBatch = (w: Walker, batch: number, body: number): void => {
  const upTo = (what: string, value: number, most: number): void => {
    if (!(value >= 0 && value <= most)) throw new Malformed(`${what} of ${value} in ${body} bytes`)
  }
  // A row has four bytes at least: a number, or the end of a text or a list.
  upTo('a batch', w.int64(w.field(batch, 0)), body / 4)
  for (const at of w.elements(batch, 1, 16)) for (const part of [at, at + 8]) upTo('a column', w.int64(part), body / 4)
  for (const at of w.elements(batch, 2, 16)) upTo('a buffer', w.int64(at), body - Math.max(0, w.int64(at + 8)))
  for (const at of w.elements(batch, 2, 16)) upTo('a buffer', w.int64(at + 8), body)
  if (w.field(batch, 3) !== null) throw new Malformed('compressed buffers')
}

/** @returns length of the body that follows the message */
const checkMessage = (bytes: Uint8Array, expected: number, most: number): number => {
  const w = walker(bytes)
  const message = w.target(0)
  const kind = w.uint8(w.field(message, 1))
  const header = w.field(message, 2)
  const body = w.int64(w.field(message, 3))
  if (kind !== expected || header === null) throw new Malformed(`a message of kind ${kind}`)
  if (!(body >= 0 && body <= most)) throw new Malformed(`a body of ${body} bytes where ${most} are left`)
  checkMetadata(w, message, 4)
  const table = w.target(header)
  if (kind === headers.schema) checkSchema(w, table)
  else checkBatch(w, table, body)
  return body
}

/** Where a stream stands: in which part of the source, and at which byte of it. */
interface Range {
  readonly source: Source
  readonly place: string
  readonly end: number
}

/** The message at a byte may be decoded. @returns the byte after it; null if it is the end of the stream */
const messageAt = async ({ source, place, end }: Range, at: number, expected: number): Promise<number | null> => {
  if (end - at < 8) throw new Malformed('its end inside a message')
  const prefix = await readRange(source, place, at, 8)
  const [mark, length] = [0, 4].map(i => new DataView(prefix.buffer).getInt32(i, true)) as [number, number] // as: two of them
  const from = at + 8
  if (mark !== -1) throw new Malformed('no beginning of a message')
  if (length === 0 && from === end && expected === headers.recordBatch) return null
  if (!(length > 0 && length <= Math.min(mostMessageBytes, end - from)))
    throw new Malformed(`a message of ${length} bytes where ${end - from} are left`)
  return from + length + checkMessage(await readRange(source, place, from, length), expected, end - from - length)
}

/** @throws Failure (in the promise) for what is malformed */
const refusing = async (path: string, place: string, check: () => Promise<void>): Promise<void> => {
  try {
    await check()
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    fail(path, place, 'a table as ohmflow writes it', error.message)
  }
}

/** A stream of this many bytes from byte `at` on may be decoded. @throws Failure (in the promise) that names `place` */
export const checkArrowStream = (source: Source, place: string, at: number, bytes: number): Promise<void> =>
  refusing(source.path, place, async () => {
    const range = { source, place, end: at + bytes }
    let next = await messageAt(range, at, headers.schema)
    while (next !== null && next < range.end) next = await messageAt(range, next, headers.recordBatch)
    if (next !== null) throw new Malformed('no end of the stream')
  })

const fileBegin = 'ARROW1\0\0'
const fileEnd = 'ARROW1'

/** A file may be decoded: its footer, and the batches that it names, one behind the other. @throws Failure (in the promise) */
export const checkArrowFile = (source: Source): Promise<void> =>
  refusing(source.path, '', async () => {
    const place = 'footer'
    const [begins, ends] = [fileBegin.length, 4 + fileEnd.length]
    const most = source.size - begins - ends
    if (most <= 0) throw new Malformed(`${source.size} bytes`)
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
    if (text(await readRange(source, place, 0, begins)) !== fileBegin)
      throw new Malformed(`no ${fileEnd} at its beginning`)
    const trailer = await readRange(source, place, source.size - ends, ends)
    if (text(trailer.subarray(4)) !== fileEnd) throw new Malformed(`no ${fileEnd} at its end`)
    const length = new DataView(trailer.buffer).getInt32(0, true)
    if (!(length > 0 && length <= Math.min(mostFooterBytes, most)))
      throw new Malformed(`a footer of ${length} bytes where ${most} are left`)
    const start = source.size - ends - length
    const w = walker(await readRange(source, place, start, length))
    const footer = w.target(0)
    const schema = w.field(footer, 1)
    if (schema === null) throw new Malformed('no schema')
    checkSchema(w, w.target(schema))
    checkMetadata(w, footer, 4)
    if (w.elements(footer, 2, 24).length > 0) throw new Malformed('a dictionary')
    let next: number | null = begins
    for (const block of w.elements(footer, 3, 24)) {
      const at = w.int64(block)
      if (next === null || !(at >= next && at <= start)) throw new Malformed(`a batch at byte ${at}`)
      next = await messageAt({ source, place: `batch at byte ${at}`, end: start }, at, headers.recordBatch)
    }
  })
