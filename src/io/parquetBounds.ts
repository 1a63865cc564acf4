/**
 * What a Parquet file says of its own sizes, held against the file and against bounds before a decoder goes by it: its
 * footer, of the columns used the header of every page and what it holds (parquetPage.ts), and the index of pages.
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
import {
  checkDictionary,
  checkPage,
  isValueType,
  mostPageBytes,
  mostPageValues,
  type Page,
  type PagesOf,
} from './parquetPage.js'
import { readRange, type Source } from './source.js'
import { CutShort, isStructure, Malformed, structureAt, type Structure, type Value } from './thrift.js'

/** Bytes of a footer; GLUE's have some kilobytes. */
const mostFooterBytes = 1 << 24
/** Values of a footer: of 13 columns in 5,000 groups, or 80 million rows of ours, there are 2.6 million. */
const mostFooterValues = 3_000_000
/** Bytes of the smallest and largest value of a column: texts may be long, decimals are worked out digit by digit. */
const mostStatisticBytes = { decimal: 64, other: 1 << 16 } as const
/** Columns times row groups: a decoder goes through the schema for each group. */
const mostChunks = 1_000_000
/** Structures and lists that a column lies in. */
const deepestColumn = 16
/** Bytes of a column in one row group once decompressed. */
const mostChunkBytes = mostPageBytes
/** Bytes of all that is read of a file once decompressed: so many, and for each of its bytes so many more. */
const mostFileBytes = { least: 1 << 30, each: 100 } as const
/** Values of a page's header, with the statistics that may be in it, and of each page in an index. */
const mostValues = { header: 64, entry: 8 } as const
/** Bytes of a page's header read at first, and at most: it may hold the smallest and largest text. */
const headerBytes = [512, 1 << 16, 1 << 18] as const

const magic = 'PAR1'

const refuse = (file: string, place: string, found: string): never => {
  throw new Failure(problem(file, place, 'a whole and valid Parquet file', found))
}

const within = (value: Value | undefined, field: number): Value | undefined =>
  isStructure(value) ? value.fields.get(field) : undefined
const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value)
const itemsOf = (value: Value | undefined): readonly Value[] => (isList(value) ? value : [])

/** Fields of Parquet's structures, and numbers of its types, that are looked at. */
const footer = {
  ...{ schema: 2, groups: 4, columns: 1, metadata: 3, statistics: 12, type: 1, converted: 6, decimal: 5 },
} as const

/** A decoder works out the smallest and largest values of every column. @throws Malformed for long ones */
const checkStatistics = (whole: Structure): void => {
  const leaves = itemsOf(within(whole, footer.schema)).filter(element => within(element, footer.type) !== undefined)
  const decimal = leaves.map(leaf => within(leaf, footer.converted) === footer.decimal)
  for (const group of itemsOf(within(whole, footer.groups)))
    for (const [i, column] of itemsOf(within(group, footer.columns)).entries()) {
      const statistics = within(within(column, footer.metadata), footer.statistics)
      const most = decimal[i] === true ? mostStatisticBytes.decimal : mostStatisticBytes.other
      for (const value of isStructure(statistics) ? statistics.fields.values() : [])
        if (value instanceof Uint8Array && value.length > most)
          throw new Malformed(`a smallest or largest value of ${value.length} bytes (at most ${most})`)
    }
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
    checkStatistics(structureAt(bytes, 0, mostFooterValues))
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    refuse(path, 'footer', error.message)
  }
}

const headerAt = async (source: Source, place: string, at: number, end: number): Promise<Structure> => {
  for (const bytes of headerBytes) {
    const available = Math.min(bytes, end - at)
    try {
      const { fields, end: length } = structureAt(await readRange(source, place, at, available), 0, mostValues.header)
      return { fields, end: at + length }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      if (!(error instanceof CutShort) || available === end - at || bytes === headerBytes.at(-1))
        refuse(source.path, place, `a page's header with ${error.message}`)
    }
  }
  return refuse(source.path, place, "a page's header without an end")
}

/** An integer of up to 32 bits. */
const number = ({ fields }: Structure, id: number): number => {
  const value = fields.get(id)
  return typeof value === 'number' ? value : NaN
}

const kinds = { first: 0, dictionary: 2, second: 3 } as const

/** A page between its header and the next: with data, or a dictionary. */
interface Placed {
  /** Where its header begins, and its bytes. */
  readonly at: number
  readonly begin: number
  readonly end: number
  readonly values: number
  /** Bytes once it is decompressed. */
  readonly size: number
  readonly page: Page | null
}

/** A page's header, held against bounds. @param end of what it may take @throws Failure */
const placedAt = async (source: Source, place: string, at: number, end: number): Promise<Placed> => {
  const header = await headerAt(source, place, at, end)
  const kind = number(header, 1)
  const inside = (said: Structure, field: number, most: number, what: string): number => {
    const value = number(said, field)
    return value >= 0 && value <= most
      ? value
      : refuse(source.path, place, `a page of ${value} ${what} (at most ${most})`)
  }
  const taken = inside(header, 3, end - header.end, 'bytes')
  const size = inside(header, 2, mostPageBytes, 'bytes decompressed')
  /** What a header says of this kind of page. */
  const about = (field: number): Structure => {
    const found = header.fields.get(field)
    return isStructure(found) ? found : refuse(source.path, place, `a page of kind ${kind} that says nothing of it`)
  }
  const placed = { at, begin: header.end, end: header.end + taken, size }
  if (kind === kinds.dictionary) return { ...placed, values: inside(about(7), 1, mostPageValues, 'values'), page: null }
  if (kind === kinds.first) {
    const said = about(5)
    const values = inside(said, 1, mostPageValues, 'values')
    return { ...placed, values, page: { version: 1, encoding: number(said, 2), values, size } }
  }
  if (kind !== kinds.second) return refuse(source.path, place, `a page of kind ${kind}`)
  const said = about(8)
  const values = inside(said, 1, mostPageValues, 'values')
  const [nulls, rows] = [inside(said, 2, values, 'nulls'), inside(said, 3, values, 'rows')]
  const definition = inside(said, 5, Math.min(size, taken), 'bytes of definition levels')
  const repetition = inside(said, 6, Math.min(size, taken) - definition, 'bytes of repetition levels')
  const flag = said.fields.get(7) ?? true
  if (typeof flag !== 'boolean') return refuse(source.path, place, 'a page that does not say whether it is compressed')
  const page = { version: 2, encoding: number(said, 4), values, nulls, rows, size, compressed: flag } as const
  return { ...placed, values, page: { ...page, levels: { repetition, definition } } }
}

/** A column in a row group, and what it says of it. */
interface Chunk {
  readonly chunk: ColumnChunk
  readonly about: ColumnMetaData
  readonly of: PagesOf
}

/** From the root of the schema down to a column's values, as the decoder goes; shorter where there is no such way. */
const pathOf = (root: SchemaTree, names: readonly string[]): readonly SchemaTree[] => {
  const [name, ...rest] = names
  const child = root.children.find(({ element }) => element.name === name)
  return child === undefined ? [root] : [root, ...pathOf(child, rest)]
}

/** @throws Failure unless a row group has a column once, of the type that the schema says */
const chunkOf = (
  source: Source,
  place: string,
  root: SchemaTree,
  group: FileMetaData['row_groups'][number],
  column: string,
): Chunk => {
  // A list's values lie further down, as LIST.list.element.
  const chunks = group.columns.filter(c => c.meta_data?.path_in_schema[0] === column)
  const [chunk] = chunks
  const about = chunk?.meta_data
  if (chunk === undefined || about === undefined || chunks.length > 1)
    return refuse(source.path, place, 'a row group without one of it')
  const path = pathOf(root, about.path_in_schema)
  const leaf = path.at(-1)
  if (leaf === undefined || path.length !== about.path_in_schema.length + 1 || leaf.children.length > 0)
    return refuse(source.path, place, 'values that the schema does not have')
  if (path.length > deepestColumn) return refuse(source.path, place, `a column nested ${path.length} deep`)
  const { type } = about
  if (type !== leaf.element.type)
    return refuse(source.path, place, `values of type ${type} where the schema has ${leaf.element.type ?? 'none'}`)
  if (!isValueType(type)) return refuse(source.path, place, `values of type ${type}`)
  const repeated = (among: typeof path, isOne: (type: string | undefined) => boolean): number =>
    among.filter(({ element }) => isOne(element.repetition_type)).length
  const levels = {
    repetition: repeated(path, type => type === 'REPEATED'),
    definition: repeated(path.slice(1), type => type !== 'REQUIRED'),
  }
  return { chunk, about, of: { codec: about.codec, type, levels } }
}

/** A number of the footer that a decoder takes as it is: not text that looks like one. */
const offset = (value: unknown): number => (typeof value === 'bigint' ? Number(value) : NaN)

/** Where its pages lie. @throws Failure if that is not in the file */
const extentOf = (source: Source, place: string, about: ColumnMetaData): { begin: number; end: number } => {
  const dictionary = about.dictionary_page_offset === undefined ? 0 : offset(about.dictionary_page_offset)
  // A dictionary's offset of 0 is one that is not there: at 0 stands the magic number.
  const begin = dictionary === 0 ? offset(about.data_page_offset) : dictionary
  const end = begin + offset(about.total_compressed_size)
  if (!(begin >= 4 && end >= begin && end <= source.size))
    refuse(source.path, place, `pages at bytes ${begin} to ${end} of ${source.size}`)
  return { begin, end }
}

/** A page with data, and the first of its rows in the group. */
interface PlacedRows extends Placed {
  readonly first: number
}

/** A decoder that looks for rows goes by it. @throws Failure unless an index of pages has those that are there */
const checkIndex = async (
  source: Source,
  place: string,
  chunk: ColumnChunk,
  pages: readonly PlacedRows[],
): Promise<void> => {
  const { offset_index_offset: start, offset_index_length: length } = chunk
  if (start === undefined && length === undefined) return
  if (typeof start !== 'bigint' || typeof length !== 'number')
    return refuse(source.path, place, 'an index of pages that is nowhere')
  const inIndex = `${place}, index of pages`
  const bytes = await readRange(source, inIndex, Number(start), length)
  await decoding(source.path, inIndex, () => {
    structureAt(bytes, 0, mostValues.entry * (pages.length + 1))
    const found = readOffsetIndex({ view: new DataView(bytes.buffer), offset: 0 }).page_locations
    for (const [i, { at, end, first }] of pages.entries()) {
      const entry = found[i]
      const [is, row] = [offset(entry?.offset), offset(entry?.first_row_index)]
      if (!(is === at && row === first && entry?.compressed_page_size === end - at))
        refuse(source.path, inIndex, `row ${row} at byte ${is} where a page with row ${first} is at byte ${at}`)
    }
    if (found.length !== pages.length)
      refuse(source.path, inIndex, `${found.length} pages where ${pages.length} are there`)
  })
}

/** What reading comes to. */
interface Tally {
  /** Values of the largest page or dictionary. */
  readonly largest: number
  /** Bytes once decompressed. */
  readonly bytes: number
}

/** @param rows of the group */
const checkColumn = async (
  source: Source,
  place: string,
  { chunk, about, of }: Chunk,
  rows: number,
): Promise<Tally> => {
  const { path } = source
  const { begin, end } = extentOf(source, place, about)
  const pages: PlacedRows[] = []
  let [size, largest, values, row] = [0, 0, 0, 0]
  let dictionary: number | null = null
  for (let at = begin; at < end;) {
    const placed = await placedAt(source, place, at, end)
    const { page } = placed
    largest = Math.max(largest, placed.values)
    size += placed.size
    if (size > mostChunkBytes) refuse(path, place, `pages of ${size} bytes decompressed (at most ${mostChunkBytes})`)
    const bytes = await readRange(source, place, placed.begin, placed.end - placed.begin)
    if (page === null) {
      if (dictionary !== null || pages.length > 0) refuse(path, place, 'a dictionary after other pages')
      await decoding(path, place, () => {
        checkDictionary(placed.values, placed.size, of, bytes)
      })
      dictionary = placed.values
    } else {
      pages.push({ ...placed, first: row })
      row += await decoding(path, place, () => checkPage(page, of, bytes, dictionary))
      values += page.values
    }
    at = placed.end
  }
  if (row !== rows) refuse(path, place, `${row} rows in pages of a group of ${rows}`)
  if ((dictionary ?? 0) > values) refuse(path, place, `a dictionary of ${dictionary ?? 0} values for ${values}`)
  await checkIndex(source, place, chunk, pages)
  return { largest, bytes: size }
}

/**
 * Pages of these columns may be decoded.
 * @returns values of the largest page or dictionary: of fewer rows at a time, it would be decoded many times over
 * @throws Failure (in the promise)
 */
export const checkPages = async (
  source: Source,
  metadata: FileMetaData,
  columns: readonly string[],
): Promise<number> => {
  const { path } = source
  const groups = metadata.row_groups
  const chunks = metadata.schema.length * groups.length
  if (chunks > mostChunks) refuse(path, 'footer', `${chunks} columns of row groups (at most ${mostChunks})`)
  const root = parquetSchema(metadata)
  const most = mostFileBytes.least + mostFileBytes.each * source.size
  let [first, largest, bytes] = [0, 0, 0]
  for (const group of groups) {
    const rows = offset(group.num_rows)
    if (!(rows >= 0)) refuse(path, 'footer', `a row group of ${rows} rows`)
    for (const column of columns) {
      const place = `rows ${first} to ${first + rows - 1}, column ${JSON.stringify(column)}`
      const tally = await checkColumn(source, place, chunkOf(source, place, root, group, column), rows)
      largest = Math.max(largest, tally.largest)
      bytes += tally.bytes
      if (bytes > most) refuse(path, place, `${bytes} bytes decompressed until there (at most ${most})`)
    }
    first += rows
  }
  return largest
}
