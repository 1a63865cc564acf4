/**
 * The optimal ranges of a tile whose rows are scaled, and whose idle rows and columns hold copies: ranges first, then
 * scales, then copies where they gain most, then ranges again nearby. Every step keeps the better value.
 * Not modelled: which columns gain, told before rows are copied.
 */
import { orderWithCopies } from '../crossbar/placement.js'
import type { WeightedHistogram } from './histogram.js'
import type { RowInputs } from './input-error.js'
import { wiresOf, type WiresWanted } from './ir-drop.js'
import { expectedCompensation } from './expected-compensation.js'
import {
  averagedError,
  columnOf,
  columnSums,
  expectedError,
  leastSquaresGain,
  type ScaledRanges,
  type TileObjective,
} from './objective.js'
import { optimalRanges, type Optimum, type Wanted } from './optimum.js'
import { scaledRowInputs, scaledRows, withRowScales } from './row-scale.js'
import { placesOf, spareColumns } from './spare.js'
import { spareRows } from './spare-rows.js'

/** The ranges, which columns and rows the spare ones are copies of, and by how much rows are scaled. */
export interface FilledOptimum extends Optimum {
  readonly copies: Uint16Array
  readonly rowCopies: Uint16Array
  /** [rows]; empty: they are not. */
  readonly rowScales: Float32Array
}

/** What may be filled. */
export interface Idle {
  readonly columns: number
  readonly rows: number
}

/** A tile without copies, and what copies of its rows depend on. */
export interface FillableTile {
  readonly objective: TileObjective
  /** null: its rows are not to be copied. */
  readonly inputs: RowInputs | null
  readonly wires: WiresWanted | null
}

/** The same, before its rows are scaled; with its rows' inputs if they are to be. */
export interface UnscaledTile extends FillableTile {
  readonly rows: readonly WeightedHistogram[] | null
  /** Factors that come with the ranges, which are not searched for; default, and if empty: none do. */
  readonly rowScales?: Float32Array
}

/** Half octaves below the input range that is best without copies, where others are looked for with them. */
const lowerRanges = 6
/** How often rows are chosen again for the ranges that came of them, and what it must gain, relative. */
const mostRounds = 3
const worthwhile = 3e-4

/** The order of a tile's lines with copies of rows; rows in their own order stay so, copies after them. */
export const lineOrder = (order: Uint32Array | null, owners: Uint16Array): Uint32Array | null =>
  order === null || owners.length === 0 ? order : orderWithCopies(order, owners)

/** The objective with copies of rows. */
export const withRowCopies = ({ objective, inputs, wires }: FillableTile, owners: Uint16Array): TileObjective => {
  const rowPlaces = placesOf(objective.rows, owners)
  return owners.length === 0
    ? objective
    : {
        ...objective,
        ...{ rowPlaces, rowShares: Float64Array.from(rowPlaces, n => 1 / n) },
        ...(inputs === null ? {} : { rowInputs: inputs }),
        wires:
          wires === null
            ? null
            : wiresOf(objective.rows, { ...wires, rowCopies: owners, rowOrder: lineOrder(wires.rowOrder, owners) }),
      }
}

/** The same full scales at another input range, with the gains that are best there. */
const atRange = (
  tile: TileObjective,
  { fullScales, gains }: ScaledRanges,
  inputRange: number,
  regains: boolean,
): ScaledRanges => {
  if (!regains) return { inputRange, fullScales, gains }
  const compensation = expectedCompensation(tile, fullScales)
  const found = gains.map((gain, j) => {
    const c = fullScales[j] ?? NaN
    const column = columnOf(tile, j, compensation)
    if (c === 0 || !(column.mass > 0)) return gain
    return leastSquaresGain(tile.converters, columnSums(tile, j, c), column, inputRange, c)
  })
  return { inputRange, fullScales, gains: found }
}

interface Filled {
  readonly tile: TileObjective
  readonly owners: Uint16Array
  readonly optimum: Optimum
}

/** The best that at most so many copies of rows give, from an optimum without. */
const filledRows = (tile: FillableTile, inputs: RowInputs, alone: Optimum, wanted: Wanted, idle: number): Filled => {
  const { objective } = tile
  const chosen = (ranges: ScaledRanges): Uint16Array => spareRows(objective, inputs, ranges, idle)
  const searched = (owners: Uint16Array, start: ScaledRanges): Filled => {
    const filled = withRowCopies(tile, owners)
    return { tile: filled, owners, optimum: optimalRanges(filled, { ...wanted, start, near: true }) }
  }
  let start: ScaledRanges = alone
  let owners = chosen(alone)
  let least = expectedError(withRowCopies(tile, owners), alone).total
  for (let k = 1; wanted.input && k <= lowerRanges; k++) {
    const range = Math.fround(alone.inputRange * 2 ** (-k / 2))
    const ranges = atRange(objective, alone, range, wanted.columns)
    const own = chosen(ranges)
    const value = expectedError(withRowCopies(tile, own), ranges).total
    if (value < least) [start, owners, least] = [ranges, own, value]
  }
  let best = searched(owners, start)
  for (let round = 1; round < mostRounds; round++) {
    const again = searched(chosen(best.optimum), best.optimum)
    if (!(again.optimum.after < best.optimum.after * (1 - worthwhile))) break
    best = again
  }
  return best
}

/**
 * The best of fewer and fewer copies of rows, until they help: without wires all of them do; a longer bit line drops more.
 * None where none helps.
 */
const helpfulRows = (tile: FillableTile, alone: Optimum, wanted: Wanted, idle: number): Filled => {
  const none = { tile: tile.objective, owners: new Uint16Array(0), optimum: alone }
  if (tile.inputs === null) return none
  for (let most = idle; most > 0; most >>= 1) {
    const found = filledRows(tile, tile.inputs, alone, wanted, most)
    if (found.owners.length === 0) return none
    if (found.optimum.after < alone.after) return found
  }
  return none
}

/** The tile with its rows scaled, where they are to be and it helps. @param known what has been found for it already */
const scaled = (
  { rows, rowScales: given = new Float32Array(0), ...tile }: UnscaledTile,
  wanted: Wanted,
  { known, unscaled }: Found,
): {
  readonly alone: Optimum
  readonly tile: FillableTile
  readonly optimum: Optimum
  readonly rowScales: Float32Array
} => {
  const { objective, wires, inputs } = tile
  const without = (): Optimum => known ?? unscaled ?? optimalRanges(objective, wanted)
  const plain = (alone: Optimum) => ({ alone, tile, optimum: alone, rowScales: new Float32Array(0) })
  if (rows === null) return plain(without())
  const scalable = { objective, rows, wires }
  const scaledTo = (rowScales: Float32Array, own: TileObjective) => ({
    rowScales,
    tile: { objective: own, wires, inputs: inputs === null ? null : scaledRowInputs(scalable, rowScales) },
  })
  if (given.length > 0) {
    const own = withRowScales(scalable, given)
    const alone = optimalRanges(own, wanted)
    return { alone, optimum: alone, ...scaledTo(given, own) }
  }
  const alone = without()
  if (known !== null) {
    const { rowScales } = known
    return rowScales.length === 0
      ? plain(known)
      : { alone, optimum: known, ...scaledTo(rowScales, withRowScales(scalable, rowScales)) }
  }
  const found = scaledRows(scalable, alone, wanted)
  return found === null
    ? plain(alone)
    : { alone, optimum: found.optimum, ...scaledTo(found.rowScales, found.objective) }
}

/** Optima on the way to a tile's, where they have been found: without copies, and without scales too. */
interface Found {
  readonly known: FilledOptimum | null
  readonly unscaled: Optimum | null
}

/**
 * The optimum of a tile: its ranges; with rows scaled, if they are to be; with idle rows and columns, copies of those that
 * gain most at it, and the optimum with them.
 * @param before what was found on the way, if it was: the optimum without copies, and that without scales too
 * @returns `before` without scales and copies
 */
export const filledTile = (tile: UnscaledTile, wanted: Wanted, idle: Idle, before: Found): FilledOptimum => {
  const { alone, tile: own, optimum: single, rowScales } = scaled(tile, wanted, before)
  const { tile: objective, owners: rowCopies, optimum } = helpfulRows(own, single, wanted, idle.rows)
  const copies = spareColumns(averagedError(objective, optimum), idle.columns)
  const filled = { before: alone.before, copies, rowCopies, rowScales }
  if (copies.length === 0) return { ...optimum, ...filled }
  const together = { ...objective, averaged: placesOf(objective.columns, copies) }
  const found = optimalRanges(together, { ...wanted, start: optimum, near: true })
  return { ...found, ...filled }
}
