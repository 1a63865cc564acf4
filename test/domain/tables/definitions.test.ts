import { fc, test } from '@fast-check/vitest'
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { describe, expect } from 'vitest'
import { columnsTable, type ColumnRow } from '../../../src/domain/tables/columns.js'
import { errorSources, errorsTable, type ErrorRow } from '../../../src/domain/tables/errors.js'
import { predictionsTable } from '../../../src/domain/tables/predictions.js'
import { scoresTable } from '../../../src/domain/tables/scores.js'
import type { Cell, Column, Row, Table } from '../../../src/domain/tables/table.js'
import { tilesTable, type TileRow } from '../../../src/domain/tables/tiles.js'
import { arrowFileSink } from '../../../src/io/tables/arrow.js'
import { parquetSink } from '../../../src/io/tables/parquet.js'
import type { TableSink } from '../../../src/io/tables/sink.js'
import type { ByteSink } from '../../../src/io/atomicFile.js'

const written = async (make: (sink: ByteSink) => TableSink<string>, rows: readonly Row[]): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  const sink = make({ write: chunk => Promise.resolve(void chunks.push(chunk.slice())) })
  for (const row of rows) await sink.write(row)
  await sink.close()
  return Buffer.concat(chunks)
}

const bufferOf = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

const anyCell = (column: Column): fc.Arbitrary<Cell> => {
  const cell: fc.Arbitrary<Cell> =
    column.type === 'utf8'
      ? fc.string({ unit: 'grapheme' })
      : column.type === 'int32'
        ? fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
        : fc.double({ noNaN: true })
  return column.nullable ? fc.option(cell) : cell
}

const rowsOf = (table: Table): fc.Arbitrary<readonly Row[]> =>
  fc.array(fc.record(Object.fromEntries(table.columns.map(c => [c.name, anyCell(c)]))), { minLength: 1, maxLength: 20 })

const tables = { tiles: tilesTable, columns: columnsTable, errors: errorsTable } as const

const tile: TileRow = {
  task: 'sst2',
  method: 'dynamic',
  layer: 'roberta.encoder.layer.0.attention.self.query',
  tile: 3,
  first_row: 384,
  rows: 384,
  first_column: 384,
  columns: 384,
  ...{ spare_rows: 128, spare_columns: 0, utilisation: 0.5625 },
  ...{ input_range: null, row_scale_least: 0.5, row_scale_greatest: 4 },
  weights: 147_456,
  clipped_weights: 0.01,
  inputs: 5e9, // beyond 2^32
  clipped_inputs: null,
  outputs: 0,
  saturated_outputs: null,
  expected_error: 0.02,
  expected_error_start: null,
}
const column: ColumnRow = {
  task: 'sst2',
  method: 'paper',
  layer: tile.layer,
  tile: 3,
  column: 767,
  full_scale: 0.2,
  gain: 1,
  abs_max: 0.3,
  deviation: 0.04,
  time_seconds: 3600,
  alpha: 1.07,
}
const error: ErrorRow = {
  task: 'sst2',
  method: 'paper',
  time_seconds: 3600,
  layer: tile.layer,
  source: 'output noise',
  error: 0.14,
  predicted: null,
  tokens: 512,
}

describe.each(Object.entries<Table>(tables))('table %s', (name, table) => {
  test('names each column once, in snake case, with a description', () => {
    expect(table.name).toBe(name)
    const names = table.columns.map(c => c.name)
    expect(new Set(names).size).toBe(names.length)
    for (const c of table.columns) {
      expect(c.name).toMatch(/^[a-z]+(_[a-z]+)*$/)
      expect(c.description).not.toBe('')
      expect(c.unit).toBe(c.name === 'time_seconds' ? 's' : c.type === 'utf8' ? '' : '1')
    }
  })

  test.prop([rowsOf(table)], { numRuns: 20 })('reads back from Arrow and Parquet as it was written', async rows => {
    const arrow = tableFromIPC(await written(sink => arrowFileSink<string>(table, new Map(), sink), rows))
    const parquet = await written(sink => parquetSink<string>(table, new Map(), sink), rows)
    const back = await parquetReadObjects({ file: bufferOf(parquet) })
    for (const c of table.columns) {
      const expected = rows.map(r => r[c.name])
      expect(Array.from(arrow.getChild(c.name) ?? [], (v: unknown) => v)).toEqual(expected)
      expect(back.map(r => r[c.name] as unknown)).toEqual(expected)
      expect(arrow.schema.fields.find(f => f.name === c.name)?.metadata.get('unit')).toBe(c.unit)
    }
  })
})

describe('rows', () => {
  test.each<[Table, Row]>([
    [tilesTable, tile],
    [columnsTable, column],
    [errorsTable, error],
  ])('$name: a row as its type says has the columns of the table, in order', async (table, row) => {
    expect(Object.keys(row)).toEqual(table.columns.map(c => c.name))
    const bytes = await written(sink => parquetSink<string>(table, new Map(), sink), [row])
    expect(await parquetReadObjects({ file: bufferOf(bytes) })).toEqual([row])
  })

  test('begin with task and method in every table', () => {
    for (const table of [scoresTable, predictionsTable, ...Object.values(tables)])
      expect(table.columns.slice(0, 2).map(c => c.name)).toEqual(['task', 'method'])
    expect(scoresTable.columns.slice(0, 5).map(c => c.name)).toEqual(['task', 'method', 'chip', 'read', 'time_seconds'])
  })

  test('the sources of errors stand in their description', () => {
    const about = errorsTable.columns.find(c => c.name === 'source')?.description
    for (const source of errorSources) expect(about).toContain(source)
  })
})
