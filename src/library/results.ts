/**
 * `ohmflow/results`: the tables of a run, read back with their types, a window of rows at a time, once each file was held
 * against the SHA-256 that the run noted. Not here: means, intervals and figures (`ohmflow report`).
 */
import { fail, Failure, Refused, type Problem } from '../domain/problem.js'
import { columnsTable, type ColumnRow } from '../domain/tables/columns.js'
import { errorSources, errorsTable, type ErrorRow, type ErrorSource } from '../domain/tables/errors.js'
import { predictionsTable, type PredictionRow } from '../domain/tables/predictions.js'
import type { Repetition } from '../domain/tables/repetition.js'
import { scoresTable, type ScoreRow } from '../domain/tables/scores.js'
import type { Place, Subject } from '../domain/tables/subject.js'
import type { Cell, Column, ColumnType, Provenance, Row, Table } from '../domain/tables/table.js'
import { tilesTable, type TileRow } from '../domain/tables/tiles.js'
import { columnsOf, readTable } from '../io/tables/read.js'
import { tableNames, type TableName } from '../pipelines/experiment/tables.js'
import { openResults as openFolder } from '../pipelines/report/folder.js'

export { errorSources, Refused, tableNames }
export type { Cell, Column, ColumnType, Problem, Provenance, Row, TableName }
export type { ColumnRow, ErrorRow, ErrorSource, Place, PredictionRow, Repetition, ScoreRow, Subject, TileRow }

/** A row of each table. */
export interface Rows {
  readonly scores: ScoreRow
  readonly predictions: PredictionRow
  readonly tiles: TileRow
  readonly columns: ColumnRow
  readonly errors: ErrorRow
}

/** What a sweep adds to every row: cells under its dotted keys. */
export type Settings = Readonly<Record<`${string}.${string}`, Cell | undefined>>

export interface Results {
  /** The config's hash, the inputs' hashes, seed and version, by their names in the files' metadata. */
  readonly provenance: Provenance
  /** Those there are: without an analog method, scores and predictions only. */
  readonly tables: readonly TableName[]
  /** Columns of a table with type, unit and description; the sweep's first. @throws Refused (in the promise) */
  readonly columns: (table: TableName) => Promise<readonly Column[]>
  /** Rows of a table in their order, in windows of some thousand. @throws Refused (as it is read) */
  readonly rows: <Name extends TableName>(table: Name) => AsyncGenerator<readonly (Rows[Name] & Settings)[]>
}

const definitions: Readonly<Record<TableName, Table>> = {
  scores: scoresTable,
  predictions: predictionsTable,
  tiles: tilesTable,
  columns: columnsTable,
  errors: errorsTable,
}

const refused = (error: unknown): never => {
  throw error instanceof Failure ? new Refused([error.problem]) : error
}

/** The columns of a table, after those of a sweep. @throws Failure (in the promise) for a table of another version */
const checkedColumns = async (file: string, { name, columns }: Table): Promise<readonly Column[]> => {
  const found = await columnsOf(file)
  const own = found.slice(found.length - columns.length)
  const differs = columns.some((c, i) => c.name !== own[i]?.name || c.type !== own[i].type)
  if (found.length < columns.length || differs)
    fail(file, '', `the columns of "${name}" last: ${columns.map(c => c.name).join(', ')}`, found.map(c => c.name).join(', ')) // prettier-ignore
  return found
}

/**
 * Opens a folder that `run` wrote its tables into.
 * @throws Refused (in the promise) where tables are missing, damaged or changed since
 */
export const openResults = async (folder: string): Promise<Results> => {
  const { provenance, file } = await openFolder(folder).catch(refused)
  const fileOf = (table: TableName): string =>
    file(table) ?? fail(folder, '', `the table "${table}"`, 'none: no method has a chip')
  const rowsOf = async function* <Name extends TableName>(table: Name) {
    const path = fileOf(table)
    const columns = await checkedColumns(path, definitions[table])
    const names = columns.map(c => c.name)
    for await (const rows of readTable(path, { name: table, columns }, names))
      yield rows as readonly unknown[] as readonly (Rows[Name] & Settings)[] // as: the columns are the table's, and each cell of its column's type
  }
  return {
    provenance,
    tables: tableNames.filter(name => file(name) !== null),
    columns: async table => {
      try {
        return await checkedColumns(fileOf(table), definitions[table])
      } catch (error) {
        return refused(error)
      }
    },
    rows: async function* (table) {
      try {
        yield* rowsOf(table)
      } catch (error) {
        refused(error)
      }
    },
  }
}
