/**
 * The expected squared error that one tile causes, weighted token by token and column by column, as a function of its
 * ranges: the exact moments of its devices at given times, the DAC's rounding and clipping, clipped weights, output noise,
 * the ADC's rounding and clipping, IR drop (ir-drop.ts). Derivation and approximations: docs/objective.md.
 * Not modelled: correlation between a tile's inputs, and between the errors of tiles.
 */
import { fitsOffsets, type DriftCompensation } from '../experiment/hardware.js'
import { averagedIn, expectedCompensation, varianceShares } from './expected-compensation.js'
import type { Excess, WeightedHistogram } from './histogram.js'
import { inputErrorOn, type RowInputs } from './input-error.js'
import { wiredSums, type Wires } from './ir-drop.js'
import { pairSums, type DeviceMoments, type PairSums } from './pair-sums.js'

/** How a tile converts; 0 codes stand for an ideal converter. */
export interface TileConverters {
  readonly dacMaxCode: number
  readonly adcMaxCode: number
  /** Largest column sum that is not clipped, in full-scale weights times full-scale inputs. */
  readonly adcBound: number
  /** Standard deviation, in the unit of the bound. */
  readonly outputNoise: number
}

/** What calibration found out about a tile, and the chip it lies on. */
export interface TileObjective {
  readonly rows: number
  readonly columns: number
  /** w_ij at j columnStep + i. */
  readonly weights: Float32Array
  /** A_ij = sum over tokens of h_tj x_ti^2, at the same places. */
  readonly energies: Float32Array
  readonly columnStep: number
  /** Of |x_ti|, weighted by sum over columns of h_tj w_ij^2. */
  readonly inputs: WeightedHistogram
  /** Of each column: sum over tokens of h_tj; and the excess of |y_tj| weighted by h_tj. */
  readonly masses: Float64Array
  readonly excesses: readonly Excess[]
  readonly converters: TileConverters
  /** One for each time that counts; all count the same. */
  readonly times: readonly DeviceMoments[]
  /** Right after programming, which some compensations compare with. */
  readonly first: DeviceMoments
  readonly driftCompensation: DriftCompensation
  /** How many columns' outputs are averaged, of each column; default: each stands alone. */
  readonly averaged?: Uint16Array
  /**
   * On how many rows of devices each row stands; of each, the part of a device's variance that the mean of those has; and
   * what the DAC clips of its input. Default: on one.
   */
  readonly rowPlaces?: Uint16Array
  readonly rowShares?: Float64Array
  readonly rowInputs?: RowInputs
  /** null: no IR drop. */
  readonly wires: Wires | null
  /** Something faster with the same bits; default: `pairSums`. */
  readonly sums?: PairSums
}

/** What is chosen for a tile. */
export interface ScaledRanges {
  /** beta. */
  readonly inputRange: number
  /** c_j; 0: a column of zeros. */
  readonly fullScales: Float32Array
  /** gamma_j: what the column's output is multiplied by digitally, beside beta c_j and the drift compensation. */
  readonly gains: Float32Array
}

/** Sums over a column's rows at a full scale, in units of it: v_i is what the pair of weight w_i yields. */
export interface ColumnSums {
  /** sum A_i w_i^2. */
  readonly energy: number
  /** At each time: sum A_i w_i E[v_i], and sum A_i E[v_i^2]. */
  readonly cross: readonly number[]
  readonly power: readonly number[]
}

/** Sums of one column at a full scale. @param copies that are averaged: the variance of the mean of k devices is a k-th */
export type Summing = (fullScale: number, copies?: number) => ColumnSums

/** For many full scales of one column. */
export const summing = (tile: TileObjective, column: number): Summing => {
  const { rows, columnStep, times, wires, first, sums = pairSums } = tile
  const at = column * columnStep
  const weights = tile.weights.subarray(at, at + rows)
  const energies = tile.energies.subarray(at, at + rows)
  const averaged = averagedIn(tile, column)
  const energy = weights.reduce((sum, w, i) => sum + (energies[i] ?? NaN) * (w * w), 0)
  if (wires !== null)
    return (fullScale, copies = averaged) => {
      const all = times.map(moments =>
        wiredSums(tile, wires, [column, fullScale], [moments, first.mean[0] ?? NaN], 'energies'),
      )
      return { energy, cross: all.map(({ cross }) => cross), power: all.map(s => s.square + s.noise / copies) }
    }
  const own = { weights, energies, shares: varianceShares(tile) }
  return (fullScale, copies = averaged) => {
    const cross: number[] = []
    const power: number[] = []
    for (const moments of times) {
      const found = sums(own, moments, fullScale)
      cross.push(found[0] ?? NaN)
      power.push((found[1] ?? NaN) + (found[2] ?? NaN) / copies)
    }
    return { energy, cross, power }
  }
}

/** @param copies of the column that are averaged */
export const columnSums = (tile: TileObjective, column: number, fullScale: number, copies?: number): ColumnSums =>
  summing(tile, column)(fullScale, copies)

/**
 * Of each column, the part of its expected error that averaging copies of it divides: its devices' spread, and noise and
 * rounding at its readout; with one column. Mean over the times.
 */
export const averagedError = (
  tile: TileObjective,
  { inputRange, fullScales, gains }: ScaledRanges,
  compensation: readonly Float64Array[] = expectedCompensation(tile, fullScales),
): Float64Array =>
  Float64Array.from({ length: tile.columns }, (_, j) => {
    const fullScale = fullScales[j] ?? NaN
    if (fullScale === 0) return 0
    const sums = summing(tile, j)
    const one = sums(fullScale, 1)
    const signal = sums(fullScale, Infinity)
    const readout = (tile.masses[j] ?? NaN) * inputRange * inputRange * readoutNoise(tile.converters)
    const scale = fullScale * (gains[j] ?? NaN)
    const parts = one.power.map((power, t) => {
      const a = scale * (compensation[t]?.[j] ?? NaN)
      return a * a * (power - (signal.power[t] ?? NaN) + readout)
    })
    return parts.reduce((a, b) => a + b, 0) / parts.length
  })

/** A column as the rest of the objective sees it. */
export interface Column {
  readonly mass: number
  readonly excess: Excess | undefined
  /** Factor of the drift compensation at each time. */
  readonly compensation: Float64Array
  /** How many columns' outputs are averaged. */
  readonly copies: number
  /** Whether the compensation finds the gain of least squares anew at each time. */
  readonly refitted: boolean
}

/** @param compensation as `expectedCompensation` gives it */
export const columnOf = (tile: TileObjective, column: number, compensation: readonly Float64Array[]): Column => ({
  mass: tile.masses[column] ?? NaN,
  excess: tile.excesses[column],
  copies: averagedIn(tile, column),
  refitted: fitsOffsets(tile),
  compensation: Float64Array.from(compensation, factors => factors[column] ?? NaN),
})

/** Mean square of noise and rounding at a readout, sigma^2 + step^2 / 12. */
const readoutNoise = ({ adcMaxCode, adcBound, outputNoise }: TileConverters): number => {
  const step = adcMaxCode === 0 ? 0 : adcBound / adcMaxCode
  return outputNoise * outputNoise + (step * step) / 12
}

/**
 * The gain of least squares. With b_t = c kappa_t, what z is multiplied by but for the gain, the error
 * sum_t energy - 2 gamma b_t cross_t + gamma^2 b_t^2 (power_t + readout) is least at
 * gamma = sum_t b_t cross_t / sum_t b_t^2 (power_t + readout). 1 where nothing is conducted that matters.
 */
export const leastSquaresGain = (
  converters: TileConverters,
  { cross, power }: ColumnSums,
  { mass, compensation, copies }: Column,
  inputRange: number,
  fullScale: number,
): number => {
  const readout = (mass * inputRange * inputRange * readoutNoise(converters)) / copies
  let over = 0
  let under = 0
  for (let t = 0; t < cross.length; t++) {
    const b = fullScale * (compensation[t] ?? NaN)
    over += b * (cross[t] ?? NaN)
    under += b * b * ((power[t] ?? NaN) + readout)
  }
  return over > 0 && under > 0 ? over / under : 1
}

/**
 * Mean over times of a column's expected weighted error: of its devices, of noise and rounding at its readout, and of
 * clipping by the ADC, which begins where |y| = bound beta energy / cross.
 */
export const columnError = (
  converters: TileConverters,
  { energy, cross, power }: ColumnSums,
  { mass, excess, compensation, copies, refitted }: Column,
  inputRange: number,
  /** gamma c. */
  scale: number,
): number => {
  const readout = (mass * inputRange * inputRange * readoutNoise(converters)) / copies
  const clips = converters.adcMaxCode > 0 && excess !== undefined
  let sum = 0
  for (let t = 0; t < cross.length; t++) {
    const mixed = cross[t] ?? NaN
    const square = (power[t] ?? NaN) + readout
    const a = refitted && mixed > 0 && square > 0 ? mixed / square : scale * (compensation[t] ?? NaN)
    sum += Math.max(0, energy - a * (2 * mixed - a * square))
    if (clips && mixed > 0) sum += excess((converters.adcBound * inputRange * energy) / mixed)
  }
  return sum / cross.length
}

/** D(beta). */
export const tileInputError = ({ inputs, converters, rowInputs, rowPlaces }: TileObjective, range: number): number =>
  inputErrorOn(inputs, { range, maxCode: converters.dacMaxCode }, rowInputs ?? null, rowPlaces)

/** What ranges come to on a tile. */
export interface ExpectedError {
  readonly total: number
  readonly inputs: number
  /** Of each column. */
  readonly columns: Float64Array
}

/**
 * The objective: the tile's expected weighted squared error at these ranges.
 * @param compensation what these full scales bring, where it is known already
 * @param known the sums of columns at these full scales, where they are known already
 */
export const expectedError = (
  tile: TileObjective,
  { inputRange, fullScales, gains }: ScaledRanges,
  compensation: readonly Float64Array[] = expectedCompensation(tile, fullScales),
  known: ReadonlyMap<number, ColumnSums> = new Map(),
): ExpectedError => {
  const { converters } = tile
  const inputs = tileInputError(tile, inputRange)
  const columns = new Float64Array(tile.columns)
  for (let j = 0; j < tile.columns; j++) {
    const fullScale = fullScales[j] ?? NaN
    if (fullScale === 0) continue
    const scale = fullScale * (gains[j] ?? NaN)
    const column = columnOf(tile, j, compensation)
    columns[j] = columnError(converters, known.get(j) ?? columnSums(tile, j, fullScale), column, inputRange, scale)
  }
  return { total: columns.reduce((a, b) => a + b, inputs), inputs, columns }
}
