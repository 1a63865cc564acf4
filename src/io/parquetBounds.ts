/**
 * What a Parquet file says of its own sizes, held against the file and against bounds before a decoder allocates by it:
 * its footer, and the header of every page of the columns used. Not checked: what pages hold.
 */
import type { FileMetaData } from 'hyparquet'
import { Failure, problem } from '../domain/problem.js'
import { readRange, type Source } from './source.js'
import { CutShort, Malformed, structureAt, type Structure } from './thrift.js'

/** Bytes of a footer; GLUE's have some kilobytes. */
const mostFooterBytes = 1 << 24
/** Bytes of a page once it is decompressed; writers make pages of about 1 MB. */
const mostPageBytes = 1 << 28
/** Values of a page; the largest training set of GLUE has 392,702 examples. */
const mostPageValues = 1 << 22
/** Bytes of a page's header read at first, and at most: it may hold the smallest and largest text. */
const headerBytes = [512, 1 << 16, 1 << 22] as const

const magic = 'PAR1'

const refuse = (file: string, place: string, found: string): never => {
  throw new Failure(problem(file, place, 'a whole and valid Parquet file', found))
}

/** The footer may be decoded: it ends where it says, and nothing in it is longer than it. @throws Failure (in the promise) */
export const checkFooter = async (source: Source): Promise<void> => {
  const { path, size } = source
  const end = await readRange(source, 'footer', Math.max(0, size - 8), Math.min(8, size))
  if (size < 12 || Buffer.from(end.subarray(4)).toString('latin1') !== magic)
    refuse(path, 'footer', `no ${magic} at its end`)
  const length = new DataView(end.buffer).getUint32(0, true)
  if (length > Math.min(mostFooterBytes, size - 12))
    refuse(path, 'footer', `a footer of ${length} bytes (at most ${mostFooterBytes}) in a file of ${size}`)
  const bytes = await readRange(source, 'footer', size - 8 - length, length)
  try {
    structureAt(bytes, 0)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    refuse(path, 'footer', error.message)
  }
}

const headerAt = async (source: Source, place: string, at: number, end: number): Promise<Structure> => {
  for (const bytes of headerBytes) {
    const available = Math.min(bytes, end - at)
    try {
      const { fields, end: length } = structureAt(await readRange(source, place, at, available), 0)
      return { fields, end: at + length }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      if (!(error instanceof CutShort) || available === end - at || bytes === headerBytes.at(-1))
        refuse(source.path, place, `a page's header with ${error.message}`)
    }
  }
  return refuse(source.path, place, "a page's header without an end")
}

const number = ({ fields }: Structure, id: number): number => {
  const value = fields.get(id)
  return typeof value === 'number' ? value : NaN
}

/** Field numbers of what a header says of each kind of page: data, dictionary, data of version 2. */
const kinds = [5, 7, 8] as const

const checkPage = (source: Source, place: string, header: Structure, end: number): number => {
  const [uncompressed, compressed] = [number(header, 2), number(header, 3)]
  const inside = (value: number, most: number): boolean => value >= 0 && value <= most
  if (!inside(compressed, end - header.end))
    refuse(source.path, place, `a page of ${compressed} bytes where ${end - header.end} are left`)
  if (!inside(uncompressed, mostPageBytes))
    refuse(source.path, place, `a page of ${uncompressed} bytes decompressed (at most ${mostPageBytes})`)
  for (const kind of kinds) {
    const about = header.fields.get(kind)
    if (typeof about !== 'object') continue
    const values = number(about, 1)
    if (!inside(values, mostPageValues))
      refuse(source.path, place, `a page of ${values} values (at most ${mostPageValues})`)
  }
  return header.end + compressed
}

/** Where a column's pages lie in a row group. @throws Failure if that is not in the file */
const chunkOf = (source: Source, place: string, metadata: FileMetaData, group: number, column: string) => {
  // A list's values lie further down, as LIST.list.element.
  const chunks = metadata.row_groups[group]?.columns.filter(c => c.meta_data?.path_in_schema[0] === column) ?? []
  const chunk = chunks[0]?.meta_data
  if (chunk === undefined || chunks.length > 1) return refuse(source.path, place, 'a row group without one of it')
  const from = metadata.schema.findIndex(element => element.name === column)
  // The decoder goes by this one; that of the schema is what columns are checked by.
  const type = metadata.schema.slice(from).find(element => element.name === chunk.path_in_schema.at(-1))?.type
  if (chunk.type !== type)
    refuse(source.path, place, `values of type ${chunk.type} where the schema has ${type ?? 'none'}`)
  const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset)
  // A dictionary's offset of 0 is one that is not there: at 0 stands the magic number.
  const begin = start > 0 ? start : Number(chunk.data_page_offset)
  const end = begin + Number(chunk.total_compressed_size)
  if (!(begin >= 4 && end >= begin && end <= source.size))
    return refuse(source.path, place, `pages at bytes ${begin} to ${end} of ${source.size}`)
  return { begin, end }
}

/** Pages of these columns may be decoded. @throws Failure (in the promise) */
export const checkPages = async (source: Source, metadata: FileMetaData, columns: readonly string[]): Promise<void> => {
  let first = 0
  for (const [group, { num_rows }] of metadata.row_groups.entries()) {
    const next = first + Number(num_rows)
    for (const column of columns) {
      const place = `rows ${first} to ${next - 1}, column ${JSON.stringify(column)}`
      const { begin, end } = chunkOf(source, place, metadata, group, column)
      for (let at = begin; at < end;) at = checkPage(source, place, await headerAt(source, place, at, end), end)
    }
    first = next
  }
}
