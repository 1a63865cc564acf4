/**
 * What a Parquet file says of its own sizes, held against the file and against bounds before a decoder goes by it: its
 * footer, of the columns used the header of every page and what it stands for (parquetPage.ts), and the index of pages.
 */
import {
  parquetSchema,
  readOffsetIndex,
  type ColumnChunk,
  type ColumnMetaData,
  type FileMetaData,
  type SchemaTree,
} from 'hyparquet'
import { Failure, problem } from '../domain/problem.js'
import { decoding } from './parquetFile.js'
import { checkPage, mostPageBytes, mostPageValues, type Page, type PagesOf } from './parquetPage.js'
import { readRange, type Source } from './source.js'
import { CutShort, Malformed, structureAt, type Structure } from './thrift.js'

/** Bytes of a footer; GLUE's have some kilobytes. */
const mostFooterBytes = 1 << 24
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

const kinds = { first: 0, dictionary: 2, second: 3 } as const

/** A page between its header and the next; null instead of what is said of it where it holds no data. */
interface Placed {
  /** Where its header begins, and its bytes. */
  readonly at: number
  readonly begin: number
  readonly end: number
  readonly page: Page | null
}

/** A page's header, held against bounds. @param end of what it may take @throws Failure */
const placedAt = async (source: Source, place: string, at: number, end: number): Promise<Placed> => {
  const header = await headerAt(source, place, at, end)
  const inside = (value: number, most: number, found: string): number =>
    value >= 0 && value <= most ? value : refuse(source.path, place, found)
  const left = end - header.end
  const taken = number(header, 3)
  const placed = {
    at,
    begin: header.end,
    end: header.end + inside(taken, left, `a page of ${taken} bytes where ${left} are left`),
  }
  const unpacked = number(header, 2)
  const size = inside(unpacked, mostPageBytes, `a page of ${unpacked} bytes decompressed (at most ${mostPageBytes})`)
  const kind = number(header, 1)
  /** What a header says of this kind of page. */
  const about = (field: number): Structure => {
    const found = header.fields.get(field)
    return typeof found === 'object'
      ? found
      : refuse(source.path, place, `a page of kind ${kind} that says nothing of it`)
  }
  const valuesOf = (said: Structure): number => {
    const values = number(said, 1)
    return inside(values, mostPageValues, `a page of ${values} values (at most ${mostPageValues})`)
  }
  if (kind === kinds.dictionary) {
    valuesOf(about(7))
    return { ...placed, page: null }
  }
  if (kind === kinds.first) {
    const said = about(5)
    const levels = { repetition: 0, definition: 0 }
    const page = { version: 1, encoding: number(said, 2), nulls: 0, compressed: true } as const
    return { ...placed, page: { ...page, values: valuesOf(said), size, levels } }
  }
  if (kind !== kinds.second) return refuse(source.path, place, `a page of kind ${kind}`)
  const said = about(8)
  const values = valuesOf(said)
  const most = (field: number, bound: number, what: string): number =>
    inside(number(said, field), bound, `${number(said, field)} ${what} (at most ${bound})`)
  const nulls = most(2, values, 'nulls')
  most(3, values, 'rows')
  const definition = most(5, Math.min(size, taken), 'bytes of definition levels')
  const repetition = most(6, Math.min(size, taken) - definition, 'bytes of repetition levels')
  const page = { version: 2, encoding: number(said, 4), compressed: said.fields.get(7) !== false } as const
  return { ...placed, page: { ...page, values, nulls, size, levels: { repetition, definition } } }
}

/** A column in a row group, and what it says of it. */
interface Chunk {
  readonly chunk: ColumnChunk
  readonly about: ColumnMetaData
  readonly of: PagesOf
}

/** From the root of the schema down to a column's values, as the decoder goes. */
const pathOf = (root: SchemaTree, names: readonly string[]): readonly SchemaTree[] => {
  const [name, ...rest] = names
  const child = root.children.find(({ element }) => element.name === name)
  return child === undefined ? [root] : [root, ...pathOf(child, rest)]
}

/** @throws Failure unless a row group has a column once, of the type that the schema says */
const chunkOf = (source: Source, place: string, metadata: FileMetaData, group: number, column: string): Chunk => {
  // A list's values lie further down, as LIST.list.element.
  const chunks = metadata.row_groups[group]?.columns.filter(c => c.meta_data?.path_in_schema[0] === column) ?? []
  const [chunk] = chunks
  const about = chunk?.meta_data
  if (chunk === undefined || about === undefined || chunks.length > 1)
    return refuse(source.path, place, 'a row group without one of it')
  const { schema } = metadata
  const from = schema.findIndex(element => element.name === column)
  // The decoder goes by this one; that of the schema is what columns are checked by.
  const type = schema.slice(from).find(element => element.name === about.path_in_schema.at(-1))?.type
  if (about.type !== type)
    refuse(source.path, place, `values of type ${about.type} where the schema has ${type ?? 'none'}`)
  const path = pathOf(parquetSchema(metadata), about.path_in_schema)
  const repeated = (among: typeof path, isOne: (type: string | undefined) => boolean): number =>
    among.filter(({ element }) => isOne(element.repetition_type)).length
  const levels = {
    repetition: repeated(path, type => type === 'REPEATED'),
    definition: repeated(path.slice(1), type => type !== 'REQUIRED'),
  }
  return { chunk, about, of: { codec: about.codec, type: about.type, levels } }
}

/** Where its pages lie. @throws Failure if that is not in the file */
const extentOf = (source: Source, place: string, about: ColumnMetaData): { begin: number; end: number } => {
  const start = Number(about.dictionary_page_offset ?? about.data_page_offset)
  // A dictionary's offset of 0 is one that is not there: at 0 stands the magic number.
  const begin = start > 0 ? start : Number(about.data_page_offset)
  const end = begin + Number(about.total_compressed_size)
  if (!(begin >= 4 && end >= begin && end <= source.size))
    refuse(source.path, place, `pages at bytes ${begin} to ${end} of ${source.size}`)
  return { begin, end }
}

/** A decoder that looks for rows goes by it. @throws Failure unless an index of pages has those that are there */
const checkIndex = async (
  source: Source,
  place: string,
  { chunk, of }: Chunk,
  pages: readonly Placed[],
): Promise<void> => {
  const { offset_index_offset: offset, offset_index_length: length } = chunk
  if (!offset || !length) return
  const inIndex = `${place}, index of pages`
  const bytes = await readRange(source, inIndex, Number(offset), length)
  await decoding(source.path, inIndex, () => {
    structureAt(bytes, 0)
    const found = readOffsetIndex({ view: new DataView(bytes.buffer), offset: 0 }).page_locations
    let row = 0
    for (const [i, { at, end, page }] of pages.entries()) {
      const entry = found[i]
      const [first, is] = [Number(entry?.first_row_index), Number(entry?.offset)]
      const isThere = is === at && entry?.compressed_page_size === end - at
      // Values are rows where none is a list.
      if (!isThere || (of.levels.repetition === 0 && first !== row))
        refuse(source.path, inIndex, `row ${first} at byte ${is} where a page with row ${row} is at byte ${at}`)
      row += page?.values ?? 0
    }
    if (found.length !== pages.length)
      refuse(source.path, inIndex, `${found.length} pages where ${pages.length} are there`)
    return Promise.resolve()
  })
}

const checkColumn = async (source: Source, place: string, of: Chunk): Promise<void> => {
  const { begin, end } = extentOf(source, place, of.about)
  const pages: Placed[] = []
  for (let at = begin; at < end;) {
    const placed = await placedAt(source, place, at, end)
    const { page } = placed
    if (page !== null) {
      const bytes = await readRange(source, place, placed.begin, placed.end - placed.begin)
      await decoding(source.path, place, () => {
        checkPage(page, of.of, bytes)
        return Promise.resolve()
      })
      pages.push(placed)
    }
    at = placed.end
  }
  await checkIndex(source, place, of, pages)
}

/** Pages of these columns may be decoded. @throws Failure (in the promise) */
export const checkPages = async (source: Source, metadata: FileMetaData, columns: readonly string[]): Promise<void> => {
  let first = 0
  for (const [group, { num_rows }] of metadata.row_groups.entries()) {
    const next = first + Number(num_rows)
    for (const column of columns) {
      const place = `rows ${first} to ${next - 1}, column ${JSON.stringify(column)}`
      await checkColumn(source, place, chunkOf(source, place, metadata, group, column))
    }
    first = next
  }
}
