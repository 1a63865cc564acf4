/** The tables of a finished experiment, streamed from its unit files in the order of the plan. */
import { columnsTable } from '../../domain/tables/columns.js'
import { errorsTable } from '../../domain/tables/errors.js'
import { outcomesTable, predictionsTable, type Outcome } from '../../domain/tables/predictions.js'
import { scoresTable, type ScoreRow } from '../../domain/tables/scores.js'
import type { Provenance, Row, Table } from '../../domain/tables/table.js'
import { tilesTable } from '../../domain/tables/tiles.js'
import type { ByteSink } from '../../io/atomicFile.js'
import { orThrow } from '../../io/fault.js'
import { arrowFileSink, arrowStreamSink } from '../../io/tables/arrow.js'
import { parquetSink } from '../../io/tables/parquet.js'
import { loadParquetjs, parquetjsSink } from '../../io/tables/parquetjs.js'
import type { TableSink } from '../../io/tables/sink.js'
import { readUnit } from '../../io/unitFile.js'
import { checkpointed } from '../interruption.js'
import { removeOutdated, tableWriter, withTables, type TablePlace } from '../tableFiles.js'
import { columnRows, errorRows, tileRows } from './chipTables.js'
import { rowOf, scoresOf } from './scores.js'
import type { Laid } from './workspace.js'

export const formats = ['parquet', 'arrow', 'parquetjs'] as const
export type Format = (typeof formats)[number]

/** The file of a table in a format. */
export const fileIn = (format: Format, name: string): string =>
  `${name}.${format === 'parquetjs' ? 'parquetjs.parquet' : format}`

export const tableNames = ['scores', 'predictions', 'tiles', 'columns', 'errors'] as const
export type TableName = (typeof tableNames)[number]

type MakeSink = <Name extends string>(table: Table<Name>, provenance: Provenance, sink: ByteSink) => TableSink<Name>

/** What writes a format. @throws Failure (in the promise) for one whose package is not installed */
export const sinkIn = async (format: Format): Promise<MakeSink> => {
  switch (format) {
    case 'parquet':
      return parquetSink
    case 'arrow':
      return arrowFileSink
    case 'parquetjs':
      return parquetjsSink(await orThrow(loadParquetjs('command line', '--formats')))
  }
}

/** Tables that there are only with a chip. */
const aboutChips: ReadonlySet<TableName> = new Set<TableName>(['tiles', 'columns', 'errors'])

/** The tables of an experiment. */
const tablesOf = ({ methodUnits }: Laid): readonly TableName[] =>
  tableNames.filter(name => methodUnits.length > 0 || !aboutChips.has(name))

const predictionRows = async function* (workspace: Laid): AsyncGenerator<Row> {
  for (const unit of workspace.units) {
    const common = rowOf(unit)
    for await (const outcome of readUnit<Outcome>(unit.path, outcomesTable)) yield { ...common, ...outcome }
  }
}

const scoreRows = async function* (rows: readonly ScoreRow[]): AsyncGenerator<Row> {
  for (const row of rows) yield await Promise.resolve(row)
}

/** The rows of every table; what tells settings apart stands in front. */
const contents = (
  workspace: Laid,
  scores: readonly ScoreRow[],
): Readonly<Record<TableName, { readonly table: Table; readonly rows: () => AsyncGenerator<Row> }>> => {
  const of = (table: Table): Table => ({ ...table, columns: [...workspace.settingColumns, ...table.columns] })
  return {
    scores: { table: of(scoresTable), rows: () => scoreRows(scores) },
    predictions: { table: of(predictionsTable), rows: () => predictionRows(workspace) },
    tiles: { table: of(tilesTable), rows: () => tileRows(workspace) },
    columns: { table: of(columnsTable), rows: () => columnRows(workspace) },
    errors: { table: of(errorsTable), rows: () => errorRows(workspace) },
  }
}

const copy = async (rows: AsyncGenerator<Row>, sink: TableSink<string>, signal?: AbortSignal): Promise<void> => {
  for await (const row of rows) {
    if (signal !== undefined) checkpointed(signal)
    await sink.write(row)
  }
  await sink.close()
}

/** Where the tables lie. Units stay when tables go: the old config gives its tables again without computing. */
export const tablePlace = ({ out, provenance }: Laid): TablePlace => ({
  ...{ out, provenance, list: 'tables.json' },
  files: tableNames.flatMap(name => formats.map(format => fileIn(format, name))),
})

/** Every score of the experiment, in the order of the plan. */
export const allScores = async (workspace: Laid, signal: AbortSignal): Promise<readonly ScoreRow[]> => {
  const rows: ScoreRow[] = []
  for (const unit of workspace.units) {
    checkpointed(signal)
    rows.push(...(await scoresOf(workspace, unit)))
  }
  return rows
}

/**
 * Writes each table in each format, each file whole or not at all, in place of what a process with another config may
 * have written meanwhile. @returns the files written
 */
export const writeTables = (
  workspace: Laid,
  scores: readonly ScoreRow[],
  wanted: readonly Format[],
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const all = contents(workspace, scores)
  const place = tablePlace(workspace)
  return withTables(place, signal, async () => {
    await removeOutdated(place)
    const writer = tableWriter(place)
    const written: string[] = []
    for (const name of tablesOf(workspace)) {
      for (const format of wanted) {
        const { table, rows } = all[name]
        const sinkOf = await sinkIn(format)
        written.push(
          await writer.write(fileIn(format, name), sink =>
            copy(rows(), sinkOf(table, workspace.provenance, sink), signal),
          ),
        )
      }
    }
    return written
  })
}

/** One table as an Arrow IPC stream, for a pipe. */
export const streamTable = async (
  workspace: Laid,
  scores: readonly ScoreRow[],
  name: TableName,
  sink: ByteSink,
): Promise<void> => {
  const { table, rows } = contents(workspace, scores)[name]
  await copy(rows(), arrowStreamSink(table, workspace.provenance, sink))
}
