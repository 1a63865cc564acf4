/**
 * The unit that finds a method's ranges on a task: computed into its file, and read from there again, exactly, so that
 * whoever finds it there need not look for them. Not here: how ranges are chosen (pipelines/ranges.ts).
 */
import type { Tile } from '../../domain/crossbar/tiling.js'
import { hardwareOf } from '../../domain/experiment/config.js'
import { fillsRows, mayScaleRows, preDistorts, type AnalogMethod } from '../../domain/experiment/method.js'
import {
  columnRangesTable,
  rowOrdersTable,
  rowScalesTable,
  spareColumnsTable,
  spareRowsTable,
  tileRangesTable,
  type ColumnRangeRow,
  type RowOrderRow,
  type RowScaleRow,
  type SpareRow,
  type TileRangeRow,
} from '../../domain/tables/ranges.js'
import { readUnit, unitState, writeRows, writeUnit } from '../../io/unitFile.js'
import type { EnginePool, StoredRanges } from '../enginePool.js'
import { keptRange, type ChosenRanges } from '../ranges.js'
import { rangesUnits, tilesOfUnit, unitProvenance, type PlannedMethodUnit, type Workspace } from './workspace.js'

/** Where each table stands in the file; that of spare rows only where the method fills rows, that of scales last, where it may scale them. */
export const rangesPlaces = { tiles: 0, columns: 1, rowOrders: 2, spare: 3, spareRows: 4 } as const

const scalesPlace = (method: Pick<AnalogMethod, 'spare'>): number => (fillsRows(method) ? 5 : 4)

const tileRow = (r: ChosenRanges): TileRangeRow => ({
  ...{
    input_range: keptRange(r),
    clipped_weights: r.clippedWeights,
    clipped_inputs: r.clippedInputs,
  },
  ...{ expected_error: r.expected?.chosen ?? null, expected_error_start: r.expected?.start ?? null },
})

const columnRows = function* (ranges: readonly ChosenRanges[]): Generator<ColumnRangeRow> {
  for (const { fullScales, gains, absMax, deviation } of ranges)
    for (const [j, full_scale] of fullScales.entries())
      yield { full_scale, gain: gains[j] ?? NaN, abs_max: absMax[j] ?? NaN, deviation: deviation[j] ?? NaN }
}

const orderRows = function* (ranges: readonly ChosenRanges[]): Generator<RowOrderRow> {
  for (const { rowOrder = [] } of ranges) for (const row of rowOrder) yield { row }
}

const spareRows = function* (all: readonly Uint16Array[]): Generator<SpareRow> {
  for (const [tile, owners] of all.entries()) for (const owner of owners) yield { tile, owner }
}

const scaleRows = function* (ranges: readonly ChosenRanges[], tiles: readonly Tile[]): Generator<RowScaleRow> {
  for (const [tile, { rows }] of tiles.entries())
    for (let i = 0; i < rows.size; i++) yield { scale: ranges[tile]?.rowScales[i] ?? 1 }
}

/** @throws Failure (in the promise) */
export const computeRanges = async (unit: PlannedMethodUnit, engines: EnginePool): Promise<void> => {
  const ranges = await engines.ranges(unit, unit.method)
  await writeUnit(unit.path, unitProvenance(unit), async sink => {
    await writeRows(sink, tileRangesTable, ranges.map(tileRow))
    await writeRows(sink, columnRangesTable, columnRows(ranges))
    await writeRows(sink, rowOrdersTable, orderRows(ranges))
    await writeRows(sink, spareColumnsTable, spareRows(ranges.map(r => r.copies)))
    if (fillsRows(unit.method)) await writeRows(sink, spareRowsTable, spareRows(ranges.map(r => r.rowCopies)))
    if (mayScaleRows(unit.method)) await writeRows(sink, rowScalesTable, scaleRows(ranges, tilesOfUnit(unit)))
    await unit.open.unchanged()
  })
  engines.kept(unit, unit.method)
}

/** The columns' rows of one tile after the other. */
const readColumns = async (path: string, tiles: readonly Tile[]): Promise<readonly (readonly ColumnRangeRow[])[]> => {
  const found: ColumnRangeRow[][] = tiles.map(() => [])
  let tile = 0
  for await (const row of readUnit<ColumnRangeRow>(path, columnRangesTable, rangesPlaces.columns)) {
    while (found[tile]?.length === tiles[tile]?.columns.size && tile < tiles.length) tile += 1
    const own = found[tile]
    if (own === undefined) throw new Error(`${path}: more columns than the model has`)
    own.push(row)
  }
  return found
}

/** Of every tile whose rows are placed, all or none of them. @param copies of rows, by tile */
const readOrders = async (
  path: string,
  tiles: readonly Tile[],
  copies: readonly Uint16Array[],
): Promise<readonly (Uint32Array | undefined)[]> => {
  const rows: number[] = []
  for await (const { row } of readUnit<RowOrderRow>(path, rowOrdersTable, rangesPlaces.rowOrders)) rows.push(row)
  let at = 0
  return tiles.map((place, tile) => {
    const size = place.rows.size + (copies[tile]?.length ?? 0)
    at += size
    return rows.length === 0 ? undefined : Uint32Array.from(rows.slice(at - size, at))
  })
}

/** Owners of every tile's spare columns, or rows. */
export const readSpare = async (
  path: string,
  tiles: readonly unknown[],
  of: 'columns' | 'rows',
): Promise<readonly Uint16Array[]> => {
  const owners: number[][] = tiles.map(() => [])
  const [table, place] =
    of === 'columns' ? [spareColumnsTable, rangesPlaces.spare] : [spareRowsTable, rangesPlaces.spareRows]
  for await (const { tile, owner } of readUnit<SpareRow>(path, table, place)) owners[tile]?.push(owner)
  return owners.map(own => Uint16Array.from(own))
}

/** Of every tile, its rows' factors; empty where all are 1. */
export const readRowScales = async (
  path: string,
  tiles: readonly Tile[],
  method: Pick<AnalogMethod, 'spare' | 'rowScale' | 'columnRange'>,
): Promise<readonly Float32Array[]> => {
  if (!mayScaleRows(method)) return []
  const scales: number[] = []
  for await (const { scale } of readUnit<RowScaleRow>(path, rowScalesTable, scalesPlace(method))) scales.push(scale)
  let at = 0
  return tiles.map(({ rows: { size } }) => {
    at += size
    const own = scales.slice(at - size, at)
    return Float32Array.from(own.every(s => s === 1) ? [] : own)
  })
}

/** The ranges in a whole unit file, of every tile in the order of the model. @throws Failure (in the promise) */
export const readRanges = async (unit: PlannedMethodUnit): Promise<readonly ChosenRanges[]> => {
  const tiles = tilesOfUnit(unit)
  const columns = await readColumns(unit.path, tiles)
  const spare = await readSpare(unit.path, tiles, 'columns')
  const rows = fillsRows(unit.method) ? await readSpare(unit.path, tiles, 'rows') : []
  const orders = await readOrders(unit.path, tiles, rows)
  const scales = await readRowScales(unit.path, tiles, unit.method)
  const { wireResistanceOhm } = hardwareOf(unit.setting.config, unit.method)
  const ranges: ChosenRanges[] = []
  for await (const row of readUnit<TileRangeRow>(unit.path, tileRangesTable, rangesPlaces.tiles)) {
    const own = columns[ranges.length]
    if (own === undefined) throw new Error(`${unit.path}: more tiles than the model has`)
    const { expected_error: chosen, expected_error_start: start } = row
    const rowOrder = orders[ranges.length]
    ranges.push({
      ...{ inputRange: row.input_range ?? 1, dynamic: row.input_range === null },
      copies: spare[ranges.length] ?? new Uint16Array(0),
      rowCopies: rows[ranges.length] ?? new Uint16Array(0),
      rowScales: scales[ranges.length] ?? new Float32Array(0),
      preDistorted: wireResistanceOhm > 0 && preDistorts(unit.method.irDrop),
      ...(rowOrder === undefined ? {} : { rowOrder }),
      ...{ clippedWeights: row.clipped_weights, clippedInputs: row.clipped_inputs },
      expected: chosen === null || start === null ? null : { start, chosen },
      fullScales: Float32Array.from(own, c => c.full_scale),
      gains: Float32Array.from(own, c => c.gain),
      absMax: Float32Array.from(own, c => c.abs_max),
      deviation: Float64Array.from(own, c => c.deviation),
    })
  }
  return ranges
}

/** What the experiment's folder has of ranges already; a damaged file counts as not there. */
export const storedRanges =
  (workspace: Pick<Workspace, 'methodUnits'>): StoredRanges =>
  async (open, method) => {
    const unit = rangesUnits(workspace).find(u => u.open === open && u.method === method)
    if (unit === undefined || (await unitState(unit.path)) !== 'whole') return null
    return readRanges(unit)
  }
