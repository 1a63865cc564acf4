/**
 * Tables of results read back, some columns of them, a window of rows at a time: Parquet and Arrow files as `parquet.ts`
 * and `arrow.ts` write them. A file whose columns are not the table's is refused: a column more may part rows that belong
 * together no longer. Not here: whether the file is the one that was written (its SHA-256).
 */
import { parquetMetadataAsync, parquetScan, parquetSchema, type SchemaTree } from 'hyparquet'
import { fail, Failure, problem } from '../../domain/problem.js'
import { isCellOf, type Column, type Row, type Table } from '../../domain/tables/table.js'
import { checkFooter, checkPages } from '../parquetBounds.js'
import { compressors, decoding, rangesOf, refuseFooterless } from '../parquetFile.js'
import { openSource, type Source } from '../source.js'
import { arrowFileBatches, arrowFileSchema, columnsIn, decoded, rowsOf, schemaIn } from './arrow.js'
import { checkArrowFile } from './arrowBounds.js'

/** Rows decoded at a time, at least. */
const windowRows = 16_384

/** @throws Failure unless a file has this table's columns, in their order */
const checkColumns = (file: string, table: Table, found: readonly string[]): void => {
  const expected = table.columns.map(c => c.name)
  if (expected.join() === found.join()) return
  throw new Failure(problem(file, '', `the columns of "${table.name}": ${expected.join(', ')}`, found.join(', ')))
}

const physical = { utf8: 'BYTE_ARRAY', int32: 'INT32', float64: 'DOUBLE', 'float32 list': 'FLOAT' } as const

/** The values of a column, however deep a writer puts a list's. */
const leafOf = (tree: SchemaTree): SchemaTree['element'] => {
  const [only, ...more] = tree.children
  return only === undefined || more.length > 0 ? tree.element : leafOf(only)
}

/** A decoder goes by the file's types, whatever columns are named. @throws Failure for one that is not of the table's */
const checkTypes = (file: string, table: Table, root: SchemaTree): void => {
  for (const { name, type } of table.columns) {
    const tree = root.children.find(({ element }) => element.name === name)
    if (tree === undefined) continue
    const leaf = leafOf(tree)
    const converted = type === 'utf8' ? 'UTF8' : undefined
    if (leaf.type !== physical[type] || leaf.converted_type !== converted)
      fail(file, `column ${JSON.stringify(name)}`, type, `${leaf.type ?? 'none'} ${leaf.converted_type ?? ''}`.trim())
  }
}

const parquetSchemaMessage = async (source: Source): Promise<string> => {
  refuseFooterless(source)
  const { path } = source
  const metadata = await decoding(path, 'footer', async () => {
    await checkFooter(source)
    return parquetMetadataAsync(rangesOf(source), { geoparquet: false })
  })
  const found = metadata.key_value_metadata?.find(({ key }) => key === 'ARROW:schema')?.value
  return found ?? fail(path, 'footer', 'the Arrow schema that ohmflow writes (ARROW:schema)', 'none')
}

/** The columns a file of results has, with their units. @throws Failure (in the promise) for what is no such file */
export const columnsOf = async (file: string): Promise<readonly Column[]> => {
  const source = await openSource(file)
  try {
    if (file.endsWith('.arrow')) {
      await checkArrowFile(source)
      return columnsIn(file, await arrowFileSchema(file))
    }
    const message = await parquetSchemaMessage(source)
    return columnsIn(file, await decoding(file, 'ARROW:schema', () => schemaIn(message)))
  } finally {
    await source.close()
  }
}

type Cells = readonly { readonly column: Column; readonly values: ArrayLike<unknown> }[]

/** @throws Failure for a cell that is not of its column's type */
const windowOf = (file: string, first: number, count: number, cells: Cells): readonly Row[] =>
  Array.from({ length: count }, (_, i) =>
    Object.fromEntries(
      cells.map(({ column, values }) => {
        const cell = values[i] ?? null
        if (!isCellOf(column, cell)) {
          const place = `row ${first + i}, column ${JSON.stringify(column.name)}`
          throw new Failure(problem(file, place, column.type, cell === null ? 'null' : typeof cell))
        }
        return [column.name, cell as Row[string]] // as: of its column's type, checked above
      }),
    ),
  )

/** Rows, a window at a time. */
type Windows = AsyncGenerator<readonly Row[]>

const parquetWindows = async function* (source: Source, table: Table, wanted: readonly Column[]): Windows {
  const { path } = source
  refuseFooterless(source)
  const file = rangesOf(source)
  const columns = wanted.map(c => c.name)
  const { scan, largest } = await decoding(path, 'footer', async () => {
    await checkFooter(source)
    const metadata = await parquetMetadataAsync(file, { geoparquet: false })
    const root = parquetSchema(metadata)
    checkColumns(
      path,
      table,
      root.children.map(c => c.element.name),
    )
    checkTypes(path, table, root)
    const largest = await checkPages(source, metadata, columns)
    return { scan: await parquetScan({ file, metadata, columns, compressors }), largest }
  })
  const window = Math.max(windowRows, largest)
  for (const { rowStart, rowEnd } of scan.ranges)
    for (let start = rowStart; start < rowEnd; start += window) {
      const end = Math.min(start + window, rowEnd)
      const cells: { column: Column; values: ArrayLike<unknown> }[] = []
      for (const column of wanted) {
        const place = `rows ${start} to ${end - 1}, column ${JSON.stringify(column.name)}`
        const values = await decoding(path, place, () =>
          scan.readColumn({ column: column.name, rowStart: start, rowEnd: end }),
        )
        if (values.length !== end - start)
          throw new Failure(problem(path, place, `${end - start} values`, `${values.length}`))
        cells.push({ column, values })
      }
      yield windowOf(path, start, end - start, cells)
    }
}

const arrowWindows = async function* (source: Source, table: Table, columns: readonly Column[]): Windows {
  const { path } = source
  await checkArrowFile(source)
  for await (const batch of decoded(path, '', arrowFileBatches(path))) {
    checkColumns(
      path,
      table,
      batch.schema.fields.map(f => f.name),
    )
    yield [...rowsOf(path, batch, { name: table.name, columns })]
  }
}

/**
 * Some columns of the rows of a table, in their order, a window after the other. The file is closed at the end.
 * @param file ends in .parquet or .arrow
 * @throws Failure with file and place for whatever is not as the table has it
 */
export const readTable = async function* <R extends Row, Name extends keyof R & string>(
  file: string,
  table: Table<keyof R & string>,
  names: readonly Name[],
): AsyncGenerator<readonly Pick<R, Name>[]> {
  const columns = table.columns.filter(c => names.some(name => name === c.name))
  const source = await openSource(file)
  try {
    const windows = (file.endsWith('.arrow') ? arrowWindows : parquetWindows)(source, table, columns)
    for await (const rows of windows) yield rows as readonly Pick<R, Name>[] // as: these columns, of the table's types
  } finally {
    await source.close()
  }
}
