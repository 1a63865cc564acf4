/**
 * What a page of a Parquet file holds, walked over as far as a decoder goes by it: runs of levels and of indices into a
 * dictionary, the blocks of delta encodings, the lengths of texts. Source: Parquet's Encodings.md. Not checked: the values.
 */
import type { CompressionCodec } from 'hyparquet'
import { maxLineBytes } from './lines.js'
import { compressors } from './parquetFile.js'
import { Malformed } from './thrift.js'

/** Values of a page, and of a dictionary; writers end a row group, and with it a page, at a million rows. */
export const mostPageValues = 1 << 20
/** Bytes of a page once it is decompressed; writers make pages of about 1 MB. */
export const mostPageBytes = 1 << 27
/** Bytes of one text: as of a line of the TSVs. */
const mostTextBytes = maxLineBytes
/** Runs of no values in a page: DuckDB may write one. */
const mostEmptyRuns = 16
/** Bits of an index into a dictionary: more than a dictionary's values take. */
const mostIndexBits = 24

/** Bytes of a value; null for a text. */
const valueBytes = { INT32: 4, INT64: 8, FLOAT: 4, DOUBLE: 8, BYTE_ARRAY: null } as const

/** Types of the columns that are read. */
export type ValueType = keyof typeof valueBytes

export const isValueType = (type: string | undefined): type is ValueType => type !== undefined && type in valueBytes

/** Numbers of Parquet's `Encoding`. */
const encodings = {
  ...{ plain: 0, plainDictionary: 2, delta: 5, deltaLengths: 6, deltaBytes: 7, dictionary: 8, split: 9 },
} as const

interface AnyPage {
  readonly encoding: number
  /** Values and nulls together. */
  readonly values: number
  /** Bytes once it is decompressed, levels and all. */
  readonly size: number
}

/** Its levels stand in its bytes, and only they tell nulls and rows. */
export interface FirstPage extends AnyPage {
  readonly version: 1
}

export interface SecondPage extends AnyPage {
  readonly version: 2
  readonly nulls: number
  readonly rows: number
  /** Bytes of levels before the values. */
  readonly levels: { readonly repetition: number; readonly definition: number }
  /** Whether what comes after the levels is compressed. */
  readonly compressed: boolean
}

/** A data page of version 1 or 2, as its header has it. */
export type Page = FirstPage | SecondPage

/** What the pages of a column have in common. */
export interface PagesOf {
  readonly codec: CompressionCodec
  readonly type: ValueType
  /** Largest repetition and definition level. */
  readonly levels: { readonly repetition: number; readonly definition: number }
}

/** @throws Malformed, or what the decompressor throws */
const decompressed = (codec: CompressionCodec, bytes: Uint8Array, size: number): Uint8Array => {
  const decompress = compressors[codec]
  if (decompress !== undefined) return decompress(bytes, size)
  if (codec !== 'UNCOMPRESSED') throw new Malformed(`unsupported compression codec: ${codec}`)
  if (bytes.length !== size) throw new Malformed(`a page of ${bytes.length} bytes that should be ${size}`)
  return bytes
}

/** A place in bytes that does not leave them. */
class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  get left(): number {
    return this.bytes.length - this.at
  }

  byte(): number {
    const value = this.bytes[this.at++]
    if (value === undefined) throw new Malformed('a page of fewer bytes than its values take')
    return value
  }

  skip(count: number): void {
    if (count > this.left) throw new Malformed('a page of fewer bytes than its values take')
    this.at += count
  }

  /** 32 bits, little-endian. */
  uint32(): number {
    return this.byte() + this.byte() * 0x100 + this.byte() * 0x10000 + this.byte() * 0x1000000
  }

  /** In groups of seven bits, 32 in all: a decoder might read more of them as another number. */
  unsigned(): number {
    let value = 0
    for (let i = 0; i < 5; i++) {
      const group = this.byte()
      value += (group & 0x7f) * 2 ** (7 * i)
      if (group < 0x80 && value < 2 ** 32) return value
    }
    throw new Malformed('an integer of more than 32 bits')
  }

  signed(): number {
    const value = this.unsigned()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}

/** @throws Malformed for a number beyond its bound, which `what` names with what it counts */
const bounded = (value: number, most: number, what: (value: number) => string): number => {
  if (value > most) throw new Malformed(`${what(value)} (at most ${most})`)
  return value
}

/** Up to 32 bits, the lowest first, of bytes that have them; beyond the end they are 0. */
const bitsAt = (bytes: Uint8Array, bit: number, width: number): number => {
  const first = bit >> 3
  let value = 0
  for (let i = 0; i <= (width + 7) >> 3; i++) value += (bytes[first + i] ?? 0) * 2 ** (8 * i)
  return Math.floor(value / 2 ** (bit & 7)) % 2 ** width
}

/**
 * Walks runs until they cover `wanted` values of `width` bits (24 at most).
 * @param each takes every value, and how often it comes
 * @throws Malformed for a run that goes on after the last value, and where bytes end before
 */
const walkRuns = (
  reader: Reader,
  width: number,
  wanted: number,
  each: (value: number, count: number) => void,
): void => {
  const { bytes } = reader
  let empty = 0
  for (let seen = 0; seen < wanted;) {
    const head = reader.unsigned()
    const packed = head % 2 === 1
    const count = packed ? (head - 1) * 4 : head / 2
    // What is packed comes in eights.
    bounded(count, packed ? mostPageValues : wanted - seen, n => `a run of ${n} values`)
    if (count === 0) bounded(++empty, mostEmptyRuns, n => `${n} runs of no values`)
    const { at } = reader
    // hyparquet, which this is for, takes a byte of a packed run though its values have no bits.
    reader.skip(packed ? Math.max((count / 8) * width, Math.min(1, reader.left)) : (width + 7) >> 3)
    const inside = Math.min(count, wanted - seen)
    if (packed) for (let i = 0; i < inside; i++) each(bitsAt(bytes, 8 * at + i * width, width), 1)
    else each(bitsAt(bytes, 8 * at, 8 * ((width + 7) >> 3)), inside)
    seen += count
  }
}

/** @param most largest level @returns how many of the levels are `match` @throws Malformed for a larger one */
const walkLevels = (reader: Reader, most: number, values: number, match: number): number => {
  let matching = 0
  walkRuns(reader, 32 - Math.clz32(most), values, (level, count) => {
    bounded(level, most, n => `a level of ${n}`)
    if (level === match) matching += count
  })
  return matching
}

/** Levels of a page of version 1, which begin with their length. */
const walkSizedLevels = (reader: Reader, most: number, values: number, match: number): number => {
  const length = reader.uint32()
  const { at } = reader
  const matching = walkLevels(reader, most, values, match)
  reader.at = at
  reader.skip(length)
  return matching
}

const text = (length: number): number => bounded(length, mostTextBytes, n => `a text of ${n} bytes`)

const walkPlain = (reader: Reader, type: ValueType, wanted: number): void => {
  const each = valueBytes[type]
  if (each !== null) reader.skip(each * wanted)
  else for (let i = 0; i < wanted; i++) reader.skip(text(reader.uint32()))
}

interface Blocks {
  readonly perBlock: number
  readonly valuesEach: number
}

/** How delta-encoded integers lie in blocks. @throws Malformed unless blocks are cut into equal parts of whole bytes */
const blocksOf = (reader: Reader): Blocks => {
  const block = bounded(reader.unsigned(), mostPageValues, n => `blocks of ${n} values`)
  const perBlock = reader.unsigned()
  reader.unsigned() // how many there are, which the page says
  const valuesEach = block / perBlock
  if (!(valuesEach > 0 && valuesEach % 8 === 0)) throw new Malformed(`blocks of ${block} values in ${perBlock} parts`)
  return { perBlock, valuesEach }
}

/** Delta-encoded lengths, as many as `wanted`. @throws Malformed for one that is none */
const lengthsOf = (reader: Reader, wanted: number): Int32Array => {
  const { perBlock, valuesEach } = blocksOf(reader)
  const { bytes } = reader
  const lengths = new Int32Array(wanted)
  const put = (i: number, value: number): void => {
    if (value < 0) throw new Malformed(`a text of ${value} bytes`)
    lengths[i] = text(value)
  }
  put(0, reader.signed())
  for (let i = 1; i < wanted;) {
    const least = reader.signed()
    const widths = reader.at
    reader.skip(perBlock)
    for (let part = 0; part < perBlock && i < wanted; part++) {
      const width = bounded(bytes[widths + part] ?? 0, 32, n => `lengths of ${n} bits`)
      const { at } = reader
      for (let k = 0; k < valuesEach && i < wanted; k++, i++)
        put(i, ((lengths[i - 1] ?? 0) + least + bitsAt(bytes, 8 * at + k * width, width)) | 0)
      reader.skip((valuesEach * width) / 8)
    }
  }
  return lengths
}

/** Texts that begin as the one before. @throws Malformed for more of it than there is, and for more bytes than a page's */
const walkPrefixes = (reader: Reader, wanted: number): void => {
  const prefixes = lengthsOf(reader, wanted)
  const suffixes = lengthsOf(reader, wanted)
  let before = 0
  let total = 0
  for (const [i, prefix] of prefixes.entries()) {
    const suffix = suffixes[i] ?? 0
    if (prefix > before) throw new Malformed(`a text that begins with ${prefix} bytes of one of ${before}`)
    before = text(prefix + suffix)
    total = bounded(total + before, mostPageBytes, n => `texts of ${n} bytes`)
    reader.skip(suffix)
  }
}

const walkIndices = (reader: Reader, version: 1 | 2, wanted: number, dictionary: number | null): void => {
  if (dictionary === null) throw new Malformed('indices into a dictionary where there is none')
  const inside = (index: number): void => {
    if (index >= dictionary) throw new Malformed(`value ${index} of a dictionary of ${dictionary}`)
  }
  const width = bounded(reader.byte(), mostIndexBits, n => `indices of ${n} bits`)
  // Of no bits, all values of version 1 are the first; a decoder looks at no run.
  if (width === 0 && version === 1) inside(0)
  else walkRuns(reader, width, wanted, inside)
}

/** @param dictionary values of it; null where there is none @throws Malformed */
const walkValues = (page: Page, { type }: PagesOf, reader: Reader, wanted: number, dictionary: number | null): void => {
  const { encoding, version } = page
  const isText = type === 'BYTE_ARRAY'
  if (encoding === encodings.plain || (encoding === encodings.split && !isText)) walkPlain(reader, type, wanted)
  else if (encoding === encodings.plainDictionary || encoding === encodings.dictionary)
    walkIndices(reader, version, wanted, dictionary)
  else if (encoding === encodings.delta && (type === 'INT32' || type === 'INT64')) blocksOf(reader)
  else if (encoding === encodings.deltaLengths && isText) for (const n of lengthsOf(reader, wanted)) reader.skip(n)
  else if (encoding === encodings.deltaBytes && isText) walkPrefixes(reader, wanted)
  else throw new Malformed(`encoding ${encoding} of ${type}`)
}

/** Levels of a page of either version; `walk` is what finds them. @returns rows and values that are no nulls */
const walkBoth = (
  { values }: Page,
  { levels }: PagesOf,
  walk: (kind: 'repetition' | 'definition', most: number, match: number) => number,
): { readonly rows: number; readonly there: number } => ({
  rows: levels.repetition > 0 ? walk('repetition', levels.repetition, 0) : values,
  there: levels.definition > 0 ? walk('definition', levels.definition, levels.definition) : values,
})

const checkFirst = (page: FirstPage, of: PagesOf, bytes: Uint8Array, dictionary: number | null): number => {
  const reader = new Reader(decompressed(of.codec, bytes, page.size), 0)
  const { rows, there } = walkBoth(page, of, (_, most, match) => walkSizedLevels(reader, most, page.values, match))
  if (there > 0) walkValues(page, of, reader, there, dictionary)
  return rows
}

const checkSecond = (page: SecondPage, of: PagesOf, bytes: Uint8Array, dictionary: number | null): number => {
  const { levels } = page
  // A decoder that has no levels to look for does not skip them either.
  for (const kind of ['repetition', 'definition'] as const)
    if (of.levels[kind] === 0 && levels[kind] > 0)
      throw new Malformed(`${levels[kind]} bytes of ${kind} levels of no use`)
  const { rows, there } = walkBoth(page, of, (kind, most, match) => {
    const at = kind === 'repetition' ? 0 : levels.repetition
    const reader = new Reader(bytes.subarray(0, at + levels[kind]), at)
    return walkLevels(reader, most, page.values, match)
  })
  if (page.nulls !== page.values - there)
    throw new Malformed(`${page.nulls} nulls where the levels have ${page.values - there}`)
  if (page.rows !== rows) throw new Malformed(`${page.rows} rows where there are ${rows}`)
  const before = levels.repetition + levels.definition
  const rest = bytes.subarray(before)
  // A decoder decompresses what is there though there is no value.
  const packed = page.compressed && (there > 0 || rest.length > 0)
  const values = packed ? decompressed(of.codec, rest, page.size - before) : rest
  if (there > 0) walkValues(page, of, new Reader(values, 0), there, dictionary)
  return rows
}

/**
 * A page may be decoded: nothing in it stands for more than a page can hold, or for what is not in it.
 * @param bytes the page as it lies in the file, after its header
 * @param dictionary values of the dictionary before it; null where there is none
 * @returns rows that begin in it
 * @throws Malformed, or what the decompressor throws
 */
export const checkPage = (page: Page, of: PagesOf, bytes: Uint8Array, dictionary: number | null): number =>
  page.version === 1 ? checkFirst(page, of, bytes, dictionary) : checkSecond(page, of, bytes, dictionary)

/** The same for a dictionary's page, whose values are plain. @param size bytes of it once decompressed */
export const checkDictionary = (values: number, size: number, { codec, type }: PagesOf, bytes: Uint8Array): void =>
  walkPlain(new Reader(decompressed(codec, bytes, size), 0), type, values)
