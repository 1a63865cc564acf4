/**
 * What a page of a Parquet file holds, walked over as far as a decoder trusts it: the runs of levels and of indices into a
 * dictionary, the blocks and lengths of delta encodings. Source: Parquet's Encodings.md (RLE / bit-packing hybrid,
 * delta encodings). Not checked: the values themselves, and plain ones, whose reads end with the page.
 */
import { snappyUncompress, type CompressionCodec, type ParquetType } from 'hyparquet'
import { compressors } from './parquetFile.js'
import { Malformed } from './thrift.js'

/** Values of a page; the largest training set of GLUE has 392,702 examples. */
export const mostPageValues = 1 << 22
/** Bytes of a page once it is decompressed; writers make pages of about 1 MB. */
export const mostPageBytes = 1 << 28

/** Numbers of Parquet's `Encoding` that are more than values one after the other. */
const encodings = { plainDictionary: 2, rle: 3, delta: 5, deltaLengths: 6, deltaBytes: 7, dictionary: 8 } as const

/** A data page of version 1 or 2, as its header has it. */
export interface Page {
  readonly version: 1 | 2
  readonly encoding: number
  /** Values and nulls together. */
  readonly values: number
  /** 0 in version 1, where only the levels tell. */
  readonly nulls: number
  /** Bytes once it is decompressed, levels and all. */
  readonly size: number
  /** Bytes of levels before the values; 0 in version 1, where they stand in the page's bytes. */
  readonly levels: { readonly repetition: number; readonly definition: number }
  /** Whether what comes after the levels of version 2 is compressed. */
  readonly compressed: boolean
}

/** What the pages of a column have in common. */
export interface PagesOf {
  readonly codec: CompressionCodec
  readonly type: ParquetType
  /** Largest repetition and definition level. */
  readonly levels: { readonly repetition: number; readonly definition: number }
}

/** @throws Malformed, or what the decompressor throws */
const decompressed = (codec: CompressionCodec, bytes: Uint8Array, size: number): Uint8Array => {
  if (codec === 'UNCOMPRESSED') return bytes
  const own = compressors[codec]
  if (own !== undefined) return own(bytes, size)
  if (codec !== 'SNAPPY') throw new Malformed(`unsupported compression codec: ${codec}`)
  const out = new Uint8Array(size)
  snappyUncompress(bytes, out)
  return out
}

/** A place in bytes that does not leave them. */
class Reader {
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
  ) {}

  byte(): number {
    const value = this.bytes[this.at++]
    if (value === undefined) throw new Malformed('less than its values take')
    return value
  }

  skip(count: number): void {
    this.at += count
    if (this.at > this.bytes.length) throw new Malformed('less than its values take')
  }

  /** 32 bits, little-endian. */
  uint32(): number {
    return this.byte() + this.byte() * 0x100 + this.byte() * 0x10000 + this.byte() * 0x1000000
  }

  /** In groups of seven bits; exact below 2^53. */
  unsigned(): number {
    let value = 0
    for (let i = 0; i < 10; i++) {
      const group = this.byte()
      value += (group & 0x7f) * 2 ** (7 * i)
      if (group < 0x80) return value
    }
    throw new Malformed('an integer of more than 64 bits')
  }
}

/** @throws Malformed for a number beyond its bound, which `what` names with what it counts */
const bounded = (value: number, most: number, what: (value: number) => string): number => {
  if (value > most) throw new Malformed(`${what(value)} (at most ${most})`)
  return value
}

/** A few bits of bytes, the lowest first. */
const bitsAt = (bytes: Uint8Array, bit: number, width: number): number => {
  let value = 0
  for (let i = 0; i < width; i++) value += ((((bytes[(bit + i) >> 3] ?? 0) >> ((bit + i) & 7)) & 1) << i) >>> 0
  return value
}

/** Values that one head announces, as they lie in the bytes. */
interface Run {
  readonly count: number
  readonly packed: boolean
  readonly at: number
}

/**
 * Runs until they cover `wanted` values of `width` bits.
 * @throws Malformed for a run of more values than a page has, and where bytes end before
 */
const runsOf = (reader: Reader, width: number, wanted: number): readonly Run[] => {
  const runs: Run[] = []
  const each = (width + 7) >> 3
  for (let seen = 0; seen < wanted;) {
    const head = reader.unsigned()
    const packed = head % 2 === 1
    const count = bounded(packed ? (head - 1) * 4 : head / 2, mostPageValues, n => `a run of ${n} values`)
    const { at } = reader
    // hyparquet, which this is for, takes a byte of a packed run though its values have no bits.
    reader.skip(packed ? Math.max((count / 8) * width, Math.min(1, reader.bytes.length - at)) : each)
    runs.push({ count: Math.min(count, wanted - seen), packed, at })
    seen += count
  }
  return runs
}

const bitsOf = (most: number): number => 32 - Math.clz32(most)

/** Levels of a page of version 1, which begin with their length. @returns how many are the largest */
const levelsOfFirst = (reader: Reader, most: number, values: number): number => {
  const { bytes } = reader
  const width = bitsOf(most)
  const length = reader.uint32()
  const start = reader.at
  let largest = 0
  for (const { count, packed, at } of runsOf(reader, width, values))
    if (!packed) largest += bytes[at] === most ? count : 0
    else for (let i = 0; i < count; i++) largest += bitsAt(bytes, 8 * at + i * width, width) === most ? 1 : 0
  reader.at = start
  reader.skip(length)
  return largest
}

interface Blocks {
  readonly first: bigint
  readonly perBlock: number
  readonly valuesEach: number
}

const zigzag = (reader: Reader): bigint => {
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const group = reader.byte()
    value |= BigInt(group & 0x7f) << shift
    if (group < 0x80) return (value >> 1n) ^ -(value & 1n)
  }
  throw new Malformed('an integer of more than 64 bits')
}

/** How delta-encoded integers lie in blocks. @throws Malformed unless blocks are cut into equal parts of whole bytes */
const blocksOf = (reader: Reader): Blocks => {
  const block = bounded(reader.unsigned(), mostPageValues, n => `blocks of ${n} values`)
  const perBlock = reader.unsigned()
  reader.unsigned() // how many there are, which the page says
  const valuesEach = block / perBlock
  if (!(valuesEach > 0 && valuesEach % 8 === 0)) throw new Malformed(`blocks of ${block} values in ${perBlock} parts`)
  return { first: zigzag(reader), perBlock, valuesEach }
}

const int32 = (value: bigint): number => Number(BigInt.asIntN(32, value))

/** Delta-encoded lengths, as many as `wanted`. @throws Malformed for one that is not from 0 to a page's bytes */
const lengthsOf = (reader: Reader, wanted: number): Int32Array => {
  const { first, perBlock, valuesEach } = blocksOf(reader)
  const { bytes } = reader
  const lengths = new Int32Array(wanted)
  const put = (i: number, value: number): void => {
    if (value < 0 || value > mostPageBytes) throw new Malformed(`a length of ${value} bytes (at most ${mostPageBytes})`)
    lengths[i] = value
  }
  put(0, int32(first))
  for (let i = 1; i < wanted;) {
    const least = int32(zigzag(reader))
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
    if (prefix > before) throw new Malformed(`a text that begins with ${prefix} bytes of one of ${before}`)
    before = prefix + (suffixes[i] ?? 0)
    total = bounded(total + before, mostPageBytes, n => `texts of ${n} bytes`)
  }
}

/** Whether decoding goes by what the page's bytes say. */
const walked: ReadonlySet<number> = new Set(Object.values(encodings))

const walkValues = ({ encoding, version }: Page, { type }: PagesOf, reader: Reader, wanted: number): void => {
  if (encoding === encodings.deltaBytes) walkPrefixes(reader, wanted)
  else if (encoding === encodings.delta || encoding === encodings.deltaLengths) blocksOf(reader)
  else if (version === 1 ? type === 'BOOLEAN' : encoding === encodings.rle) {
    reader.skip(4) // their length
    runsOf(reader, 1, wanted)
  } else {
    const width = reader.byte()
    // All values of version 1 are the first of the dictionary then.
    if (width > 0 || version === 2) runsOf(reader, width, wanted)
  }
}

const checkFirst = (page: Page, of: PagesOf, bytes: Uint8Array): void => {
  const { codec, levels } = of
  if (levels.definition === 0 && levels.repetition === 0 && !walked.has(page.encoding)) return
  const reader = new Reader(decompressed(codec, bytes, page.size), 0)
  if (levels.repetition > 0) levelsOfFirst(reader, levels.repetition, page.values)
  const there = levels.definition > 0 ? levelsOfFirst(reader, levels.definition, page.values) : page.values
  if (there > 0 && walked.has(page.encoding)) walkValues(page, of, reader, there)
}

const checkSecond = (page: Page, of: PagesOf, bytes: Uint8Array): void => {
  const { codec, levels } = of
  const { repetition, definition } = page.levels
  const reader = new Reader(bytes, 0)
  if (levels.repetition > 0) runsOf(reader, bitsOf(levels.repetition), page.values)
  reader.at = repetition
  if (levels.definition > 0) runsOf(reader, bitsOf(levels.definition), page.values)
  const there = page.values - page.nulls
  if (there === 0 || !walked.has(page.encoding)) return
  const rest = bytes.subarray(repetition + (levels.definition > 0 ? definition : 0))
  const values = page.compressed ? decompressed(codec, rest, page.size - repetition - definition) : rest
  walkValues(page, of, new Reader(values, 0), there)
}

/**
 * A page may be decoded: nothing in it stands for more than a page can hold.
 * @param bytes the page as it lies in the file, after its header
 * @throws Malformed, or what the decompressor throws
 */
export const checkPage = (page: Page, of: PagesOf, bytes: Uint8Array): void =>
  (page.version === 1 ? checkFirst : checkSecond)(page, of, bytes)
