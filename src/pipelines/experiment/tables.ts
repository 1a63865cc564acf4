/** The tables of a finished experiment, streamed from its unit files in the order of the plan. */
import { join } from 'node:path'
import { predictionsTable } from '../../domain/tables/predictions.js'
import { scoresTable, type ScoreRow } from '../../domain/tables/scores.js'
import type { Provenance, Row, Table } from '../../domain/tables/table.js'
import { writeAtomically, type ByteSink } from '../../io/atomicFile.js'
import { arrowFileSink, arrowStreamSink } from '../../io/tables/arrow.js'
import { parquetSink } from '../../io/tables/parquet.js'
import type { TableSink } from '../../io/tables/sink.js'
import { readUnit } from '../../io/unitFile.js'
import { rowOf, scoresOf } from './scores.js'
import type { Workspace } from './workspace.js'

export const formats = ['parquet', 'arrow'] as const
export type Format = (typeof formats)[number]

export const tableNames = ['scores', 'predictions'] as const
export type TableName = (typeof tableNames)[number]

type MakeSink = <Name extends string>(table: Table<Name>, provenance: Provenance, sink: ByteSink) => TableSink<Name>

const sinks: Readonly<Record<Format | 'arrow stream', MakeSink>> = {
  parquet: parquetSink,
  arrow: arrowFileSink,
  'arrow stream': arrowStreamSink,
}

const predictionRows = async function* (workspace: Workspace): AsyncGenerator<Row> {
  for (const unit of workspace.units) {
    const common = rowOf(unit)
    for await (const outcome of readUnit(unit.path)) yield { ...common, ...outcome }
  }
}

const scoreRows = async function* (rows: readonly ScoreRow[]): AsyncGenerator<Row> {
  for (const row of rows) yield await Promise.resolve(row)
}

/** The rows of every table. */
const contents = (
  workspace: Workspace,
  scores: readonly ScoreRow[],
): Readonly<Record<TableName, { readonly table: Table; readonly rows: () => AsyncGenerator<Row> }>> => ({
  scores: { table: scoresTable, rows: () => scoreRows(scores) },
  predictions: { table: predictionsTable, rows: () => predictionRows(workspace) },
})

const copy = async (rows: AsyncGenerator<Row>, sink: TableSink<string>): Promise<void> => {
  for await (const row of rows) await sink.write(row)
  await sink.close()
}

/** Every score of the experiment, in the order of the plan. */
export const allScores = async (workspace: Workspace): Promise<readonly ScoreRow[]> => {
  const rows: ScoreRow[] = []
  for (const unit of workspace.units) rows.push(...(await scoresOf(workspace, unit)))
  return rows
}

/** Writes each table in each format, each file whole or not at all. @returns the files written */
export const writeTables = async (
  workspace: Workspace,
  scores: readonly ScoreRow[],
  wanted: readonly Format[],
): Promise<readonly string[]> => {
  const all = contents(workspace, scores)
  const written: string[] = []
  for (const name of tableNames) {
    for (const format of wanted) {
      const { table, rows } = all[name]
      const path = join(workspace.out, `${name}.${format}`)
      await writeAtomically(path, sink => copy(rows(), sinks[format](table, workspace.provenance, sink)))
      written.push(path)
    }
  }
  return written
}

/** One table as an Arrow IPC stream, for a pipe. */
export const streamTable = async (
  workspace: Workspace,
  scores: readonly ScoreRow[],
  name: TableName,
  sink: ByteSink,
): Promise<void> => {
  const { table, rows } = contents(workspace, scores)[name]
  await copy(rows(), sinks['arrow stream'](table, workspace.provenance, sink))
}
