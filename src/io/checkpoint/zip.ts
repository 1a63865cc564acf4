/**
 * The directory of a zip archive of stored (uncompressed) entries, 64-bit sizes included: PKWARE APPNOTE 6.3.
 * Not modelled: compression, encryption, split archives (all refused); checksums are not verified.
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import { Failure, problem } from '../../domain/problem.js'
import { readRange, type Source } from '../source.js'
import { decodeUtf8 } from '../utf8.js'

export interface ZipEntry {
  readonly name: string
  /** First byte of the entry's data in the file. */
  readonly offset: number
  /** Length of the data in bytes. */
  readonly size: number
}

const endSignature = 0x06054b50
const end64LocatorSignature = 0x07064b50
const end64Signature = 0x06064b50
const entrySignature = 0x02014b50
const localSignature = 0x04034b50
const endSize = 22
const maxComment = 0xffff
/** A field of this value stands in the 64-bit extra field instead. */
const elsewhere = 0xffffffff

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const refuse = (source: Source, place: string, expected: string, found: string): Failure =>
  new Failure(problem(source.path, place, expected, found))

const uint64 = (source: Source, place: string, bytes: DataView, at: number): number => {
  const value = bytes.getBigUint64(at, true)
  if (value > BigInt(source.size)) throw refuse(source, place, `at most the file's ${source.size} bytes`, String(value))
  return Number(value)
}

interface Directory {
  readonly count: number
  readonly size: number
  readonly offset: number
}

/** The 64-bit end record, found through its locator just before the end record at `end`. */
const directory64 = async (source: Source, end: number): Promise<Directory> => {
  const place = 'zip64 end record'
  const locator = view(await readRange(source, place, Math.max(0, end - 20), 20))
  if (end < 20 || locator.getUint32(0, true) !== end64LocatorSignature) {
    throw refuse(source, place, 'its locator before the end record', 'something else')
  }
  const at = uint64(source, place, locator, 8)
  const record = view(await readRange(source, place, at, 56))
  if (record.getUint32(0, true) !== end64Signature) {
    throw refuse(source, place, `its signature at byte ${at}`, 'something else')
  }
  if (record.getUint32(16, true) !== 0 || record.getUint32(20, true) !== 0) {
    throw refuse(source, place, 'an archive in one file', 'a part of a split archive')
  }
  const field = (offset: number): number => uint64(source, place, record, offset)
  return { count: field(32), size: field(40), offset: field(48) }
}

const findDirectory = async (source: Source): Promise<Directory> => {
  const tailSize = Math.min(source.size, endSize + maxComment)
  const tail = view(await readRange(source, 'zip end record', source.size - tailSize, tailSize))
  let at = tailSize - endSize
  const isEnd = (i: number): boolean =>
    tail.getUint32(i, true) === endSignature && i + endSize + tail.getUint16(i + 20, true) === tailSize
  while (at >= 0 && !isEnd(at)) at--
  if (at < 0) throw refuse(source, 'zip end record', 'a zip archive, whole to its end', 'no end record')
  const count = tail.getUint16(at + 10, true)
  const size = tail.getUint32(at + 12, true)
  const offset = tail.getUint32(at + 16, true)
  const end = source.size - tailSize + at
  const large = count === 0xffff || size === elsewhere || offset === elsewhere
  if (!large && tail.getUint32(at + 4, true) !== 0) {
    throw refuse(source, 'zip end record', 'an archive in one file', 'a part of a split archive')
  }
  const directory = large ? await directory64(source, end) : { count, size, offset }
  if (directory.offset + directory.size > end) {
    const found = `${directory.size} bytes at ${directory.offset}`
    throw refuse(source, 'zip directory', `a directory before the end record at ${end}`, found)
  }
  return directory
}

/** An entry as the directory describes it; its data starts after its local header. */
interface Listed {
  readonly name: string
  readonly size: number
  readonly header: number
}

const decodeName = (source: Source, bytes: Uint8Array): string => {
  const name = decodeUtf8(bytes)
  if (isLeft(name)) throw refuse(source, 'zip directory', 'entry names in UTF-8', `${name.left.shown} in a name`)
  return name.right
}

/** The 64-bit values of the extra field 0x0001, in order. */
const extra64 = (source: Source, place: string, extra: DataView): readonly number[] => {
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const size = extra.getUint16(at + 2, true)
    if (at + 4 + size > extra.byteLength) break
    if (extra.getUint16(at, true) === 1) {
      return Array.from({ length: Math.min(3, Math.floor(size / 8)) }, (_, i) =>
        uint64(source, place, extra, at + 4 + 8 * i),
      )
    }
    at += 4 + size
  }
  return []
}

const listed = (source: Source, record: DataView, name: string, extra: DataView): Listed => {
  const place = `entry ${name}`
  const method = record.getUint16(10, true)
  if (method !== 0) throw refuse(source, place, 'stored data', `compression method ${method}`)
  if ((record.getUint16(8, true) & 1) !== 0) throw refuse(source, place, 'stored data', 'encrypted data')
  const large = [...extra64(source, place, extra)]
  const field = (at: number): number => {
    const value = record.getUint32(at, true)
    return value === elsewhere ? (large.shift() ?? value) : value
  }
  const size = field(24)
  const packed = field(20)
  const header = field(42)
  if (packed !== size) throw refuse(source, place, `${size} bytes of stored data`, `${packed} bytes`)
  return { name, size, header }
}

const listDirectory = (source: Source, directory: Directory, bytes: Uint8Array): readonly Listed[] => {
  const place = 'zip directory'
  const entries: Listed[] = []
  const all = view(bytes)
  let at = 0
  while (at < bytes.length) {
    if (at + 46 > bytes.length || all.getUint32(at, true) !== entrySignature) {
      throw refuse(source, place, `an entry at byte ${directory.offset + at}`, 'something else')
    }
    const [nameSize, extraSize, commentSize] = [28, 30, 32].map(field => all.getUint16(at + field, true))
    const nameEnd = at + 46 + (nameSize ?? 0)
    const extraEnd = nameEnd + (extraSize ?? 0)
    const next = extraEnd + (commentSize ?? 0)
    if (next > bytes.length) throw refuse(source, place, 'entries inside the directory', 'one that runs over its end')
    const name = decodeName(source, bytes.subarray(at + 46, nameEnd))
    entries.push(listed(source, view(bytes.subarray(at, at + 46)), name, view(bytes.subarray(nameEnd, extraEnd))))
    at = next
  }
  if (entries.length !== directory.count) {
    throw refuse(source, place, `${directory.count} entries`, String(entries.length))
  }
  return entries
}

const locate = async (source: Source, { name, size, header }: Listed, limit: number): Promise<ZipEntry> => {
  const place = `entry ${name}`
  const local = view(await readRange(source, place, header, 30))
  const nameSize = local.getUint16(26, true)
  const offset = header + 30 + nameSize + local.getUint16(28, true)
  if (local.getUint32(0, true) !== localSignature || local.getUint16(8, true) !== 0) {
    throw refuse(source, place, `its local header at byte ${header}`, 'something else')
  }
  const localName = decodeName(source, await readRange(source, place, header + 30, nameSize))
  if (localName !== name) throw refuse(source, place, 'the same name in its local header', localName)
  if (offset + size > limit) {
    const found = `${size} bytes from byte ${offset} on`
    throw refuse(source, place, `data before the directory at ${limit}`, found)
  }
  return { name, offset, size }
}

/** Every entry by name; only directory and local headers are read. @throws Failure (in the promise) */
export const readZipDirectory = async (source: Source): Promise<ReadonlyMap<string, ZipEntry>> => {
  if (source.size < endSize) throw refuse(source, '', 'a zip archive', `a file of ${source.size} bytes`)
  const directory = await findDirectory(source)
  const bytes = await readRange(source, 'zip directory', directory.offset, directory.size)
  const entries = new Map<string, ZipEntry>()
  let end = 0
  const inFileOrder = [...listDirectory(source, directory, bytes)].sort((a, b) => a.header - b.header)
  for (const item of inFileOrder) {
    if (entries.has(item.name)) throw refuse(source, `entry ${item.name}`, 'every name once', 'it twice')
    if (item.header < end) throw refuse(source, `entry ${item.name}`, 'entries side by side', 'it over another')
    const entry = await locate(source, item, directory.offset)
    entries.set(entry.name, entry)
    end = entry.offset + entry.size
  }
  return entries
}
