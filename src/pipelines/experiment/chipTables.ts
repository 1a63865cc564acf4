/**
 * The rows of the tables about chips, method by method: `tiles`, `columns` and `errors`, from the units of ranges, errors
 * and passes. Counts are summed over a method's passes, factors averaged over its chips and reads at each time.
 */
import { utilisation, type Tile } from '../../domain/crossbar/tiling.js'
import { hardwareOf } from '../../domain/experiment/config.js'
import { fillsRows } from '../../domain/experiment/method.js'
import type { ColumnRow } from '../../domain/tables/columns.js'
import { errorsTable, type ErrorRow } from '../../domain/tables/errors.js'
import { alphasTable, tileCountsTable, type AlphaRow, type TileCountRow } from '../../domain/tables/pass.js'
import {
  columnRangesTable,
  tileRangesTable,
  type ColumnRangeRow,
  type TileRangeRow,
} from '../../domain/tables/ranges.js'
import type { TileRow } from '../../domain/tables/tiles.js'
import { readUnit } from '../../io/unitFile.js'
import { rangesPlaces, readRowScales, readSpare } from './rangesUnit.js'
import {
  rangesUnits,
  tilesOfUnit,
  type Laid,
  type PlannedMethodUnit,
  type PlannedUnit,
  type TaskFacts,
} from './workspace.js'

/** Where each table stands in the file of a pass. */
const places = { tileCounts: 1, alphas: 2 } as const

const passesOf = (workspace: Laid, of: PlannedMethodUnit<TaskFacts>): readonly PlannedUnit<TaskFacts>[] =>
  workspace.units.filter(u => u.setting === of.setting && u.taskIndex === of.taskIndex && u.method === of.method)

const aboutOf = ({ setting, task, method }: PlannedMethodUnit<TaskFacts>) => ({
  ...setting.cells,
  ...{ task: task.task, method: method.name },
})

const countNames = ['inputs', 'clipped_inputs', 'outputs', 'saturated_outputs'] as const

/** Sums over passes, tile by tile. */
const totalCounts = async (
  passes: readonly PlannedUnit<TaskFacts>[],
  tiles: number,
): Promise<readonly TileCountRow[]> => {
  const totals = Array.from({ length: tiles }, () => ({
    ...{ inputs: 0, clipped_inputs: 0, outputs: 0, saturated_outputs: 0 },
  }))
  for (const pass of passes) {
    let i = 0
    for await (const row of readUnit<TileCountRow>(pass.path, tileCountsTable, places.tileCounts)) {
      const total = totals[i++]
      if (total !== undefined) for (const name of countNames) total[name] += row[name]
    }
  }
  return totals
}

const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole)

export const tileRows = async function* (workspace: Laid): AsyncGenerator<TileRow> {
  for (const unit of rangesUnits(workspace)) {
    const { tile: size, dac, adc } = hardwareOf(unit.setting.config, unit.method)
    const tiles = tilesOfUnit(unit)
    const counts = await totalCounts(passesOf(workspace, unit), tiles.length)
    const copies = await readSpare(unit.path, tiles, 'columns')
    const rowCopies = fillsRows(unit.method) ? await readSpare(unit.path, tiles, 'rows') : []
    const scales = await readRowScales(unit.path, tiles, unit.method)
    let i = 0
    for await (const row of readUnit<TileRangeRow>(unit.path, tileRangesTable, rangesPlaces.tiles)) {
      const [tile, count] = [tiles[i], counts[i]]
      const spare = { rows: rowCopies[i]?.length ?? 0, columns: copies[i]?.length ?? 0 }
      const own = scales[i] ?? new Float32Array(0)
      const [least, greatest] = own.length === 0 ? [1, 1] : [Math.min(...own), Math.max(...own)]
      i += 1
      if (tile === undefined || count === undefined) throw new Error(`${unit.path}: more tiles than the model has`)
      const { rows, columns } = tile
      const weights = rows.size * columns.size
      yield {
        ...aboutOf(unit),
        ...{ layer: tile.layer, tile: tile.index },
        ...{ first_row: rows.first, rows: rows.size, first_column: columns.first, columns: columns.size },
        ...{ spare_rows: spare.rows, spare_columns: spare.columns, utilisation: utilisation(tile, size, spare) },
        ...{ input_range: row.input_range, row_scale_least: least, row_scale_greatest: greatest },
        weights,
        clipped_weights: row.clipped_weights / weights,
        inputs: count.inputs,
        clipped_inputs: dac.bits === 'off' ? null : share(count.clipped_inputs, count.inputs),
        outputs: count.outputs,
        saturated_outputs: adc.bits === 'off' ? null : share(count.saturated_outputs, count.outputs),
        ...{ expected_error: row.expected_error, expected_error_start: row.expected_error_start },
      }
    }
  }
}

/** Mean factor of every column of the model at a time. */
const meanAlphas = async (passes: readonly PlannedUnit<TaskFacts>[], columns: number): Promise<Float64Array> => {
  const sums = new Float64Array(columns)
  for (const pass of passes) {
    let j = 0
    for await (const { alpha } of readUnit<AlphaRow>(pass.path, alphasTable, places.alphas)) {
      sums[j] = (sums[j] ?? NaN) + alpha
      j += 1
    }
  }
  return sums.map(sum => sum / passes.length)
}

/** The columns of all tiles, in the order of the model. */
const columnsOf = function* (tiles: readonly Tile[]): Generator<{ readonly tile: Tile; readonly column: number }> {
  for (const tile of tiles) for (let j = 0; j < tile.columns.size; j++) yield { tile, column: tile.columns.first + j }
}

export const columnRows = async function* (workspace: Laid): AsyncGenerator<ColumnRow> {
  for (const unit of rangesUnits(workspace)) {
    const tiles = tilesOfUnit(unit)
    const total = tiles.reduce((sum, t) => sum + t.columns.size, 0)
    const passes = passesOf(workspace, unit)
    const alphas: (readonly [number, Float64Array])[] = []
    for (const time of unit.setting.config.repeat.times)
      alphas.push([
        time,
        await meanAlphas(
          passes.filter(p => p.repetition?.timeSeconds === time),
          total,
        ),
      ])
    const columns = columnsOf(tiles)
    let i = 0
    for await (const range of readUnit<ColumnRangeRow>(unit.path, columnRangesTable, rangesPlaces.columns)) {
      const next = columns.next()
      if (next.done === true) throw new Error(`${unit.path}: more columns than the model has`)
      const { tile, column } = next.value
      for (const [time_seconds, factors] of alphas)
        yield {
          ...aboutOf(unit),
          ...{ layer: tile.layer, tile: tile.index, column },
          ...range,
          ...{ time_seconds, alpha: factors[i] ?? NaN },
        }
      i += 1
    }
  }
}

export const errorRows = async function* (workspace: Laid): AsyncGenerator<ErrorRow> {
  for (const unit of workspace.methodUnits)
    if (unit.kind === 'errors')
      // A unit's file is shared by methods that differ in name only.
      for await (const row of readUnit<ErrorRow>(unit.path, errorsTable)) yield { ...row, ...aboutOf(unit) }
}
