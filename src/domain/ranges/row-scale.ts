/**
 * A factor for each row of a tile: its inputs are divided by it before the DAC, its weights multiplied by it before they are
 * programmed. Products stay what they are; what changes is how much of the input range and of the conductances each row
 * takes. Factors are half octaves, searched row by row between searches for the ranges. Derivation: docs/objective.md.
 * Kin: SmoothQuant (Xiao et al. 2023, eq. 4), which the search starts from. Not modelled here: wires, while rows are moved;
 * the ranges that follow know them, and decide.
 */
import { interpolated } from '../devices/moment-grid.js'
import { expectedCompensation } from './expected-compensation.js'
import { scaledWeightsInto } from './held-weights.js'
import { coarseBins, mergedHistogram, type WeightedHistogram } from './histogram.js'
import { inputError, rowInputs, type RowInputs } from './input-error.js'
import { wiresOf, type WiresWanted } from './ir-drop.js'
import { columnError, columnOf, columnSums, type ScaledRanges, type TileObjective } from './objective.js'
import { largestWeight, optimalRanges, type Optimum, type Wanted } from './optimum.js'

/** A tile as calibration saw it, and what is needed to see it with other factors. */
export interface ScalableTile {
  readonly objective: TileObjective
  /** Of each row: |x_ti| weighted as the tile's inputs are. */
  readonly rows: readonly WeightedHistogram[]
  readonly wires: WiresWanted | null
}

/** A tile with its rows scaled, and the optimum of it. */
export interface ScaledRows {
  readonly objective: TileObjective
  readonly optimum: Optimum
  /** f32 [rows]. */
  readonly rowScales: Float32Array
}

const { fround } = Math

/** Factors lie within so many octaves of 1. */
const mostOctaves = 8
/** What a row is tried with, times its present factor. */
const steps = [0.5, Math.SQRT1_2, Math.SQRT2, 2]
/** How often all rows are moved, and what that must gain, relative. */
const mostRounds = 4
const worthwhile = 1e-3

/** The half octave nearest to a factor. */
const rounded = (factor: number): number => {
  const halves = Math.round(2 * Math.log2(factor))
  return fround(2 ** (Math.max(-2 * mostOctaves, Math.min(2 * mostOctaves, halves)) / 2))
}

/** Magnitudes over a factor, each with the weight times its square: sums of weighted squares stay. */
const over = ({ lower, upper, weight }: WeightedHistogram, factor: number): WeightedHistogram => ({
  lower: lower.map(v => v / factor),
  upper: upper.map(v => v / factor),
  weight: weight.map(v => v * factor * factor),
})

/** Rows' inputs as the DAC sees them. */
const scaledInputs = (rows: readonly WeightedHistogram[], rowScales: Float32Array): readonly WeightedHistogram[] =>
  rows.map((row, i) => over(row, rowScales[i] ?? NaN))

/** The objective with rows scaled. @param rowScales f32 [rows] */
export const withRowScales = ({ objective, rows, wires }: ScalableTile, rowScales: Float32Array): TileObjective => {
  const { rows: size, columns, columnStep } = objective
  const [weights, energies] = [new Float32Array(columns * size), new Float32Array(columns * size)]
  scaledWeightsInto(weights, objective.weights, columnStep, rowScales)
  for (let j = 0; j < columns; j++)
    for (let i = 0; i < size; i++)
      energies[j * size + i] = (objective.energies[j * columnStep + i] ?? NaN) / (rowScales[i] ?? NaN) ** 2
  return {
    ...objective,
    ...{ weights, energies, columnStep: size },
    inputs: mergedHistogram(coarseBins, scaledInputs(rows, rowScales)),
    wires: wires === null ? null : wiresOf(size, wires),
  }
}

/** What the DAC clips of scaled rows, row by row; all together, their sum. */
export const scaledRowInputs = ({ rows }: Pick<ScalableTile, 'rows'>, rowScales: Float32Array): RowInputs => {
  const own = rowInputs({ lower: none, upper: none, weight: none }, scaledInputs(rows, rowScales)).rows
  return { all: threshold => own.reduce((sum, row) => sum + row.excess(threshold), 0), rows: own }
}

const none = new Float64Array(0)

/**
 * Factors that level what rows ask of the DAC against what they ask of the conductances: s_i^2 in proportion to the root
 * mean square of a row's inputs, over its largest share of a full scale, or not over it.
 */
const levelling = (tile: TileObjective, { fullScales }: ScaledRanges): readonly Float32Array[] => {
  const { rows, columns, weights, energies, columnStep } = tile
  const [felt, largest] = [new Float64Array(rows), new Float64Array(rows)]
  for (let j = 0; j < columns; j++) {
    const c = fullScales[j] ?? NaN
    if (c === 0) continue
    for (let i = 0; i < rows; i++) {
      const at = j * columnStep + i
      felt[i] = (felt[i] ?? NaN) + (energies[at] ?? NaN)
      largest[i] = Math.max(largest[i] ?? NaN, Math.abs(weights[at] ?? NaN) / c)
    }
  }
  /** Over the geometric mean of those that are not 0, which have no factor of their own. */
  const level = (values: Float64Array): Float64Array => {
    const there = values.filter(v => v > 0)
    const mean = Math.exp(there.reduce((sum, v) => sum + Math.log(v), 0) / Math.max(1, there.length))
    return values.map(v => (v > 0 ? v / mean : 1))
  }
  const [x, w] = [level(felt.map(Math.sqrt)), level(largest)]
  return [
    Float32Array.from(x, (v, i) => rounded(Math.sqrt(v / (w[i] ?? NaN)))),
    Float32Array.from(x, v => rounded(Math.sqrt(v))),
  ]
}

/** What columns come to while rows are moved: [columns, times] each, and the error of each column. */
interface Sums {
  readonly cross: Float64Array
  readonly power: Float64Array
  readonly errors: Float64Array
}

/**
 * Each row in turn to the factor that is best for it, others and ranges being as they are.
 * @param scaled the tile at `from`. @returns factors; those of `from` if no row gains
 */
const moved = (
  { objective: plain, rows: inputs }: ScalableTile,
  scaled: TileObjective,
  { inputRange, fullScales, gains }: ScaledRanges,
  from: Float32Array,
): Float32Array => {
  const bare = { ...scaled, wires: null }
  const { converters, times, first, rows, weights, energies, columnStep } = plain
  const { dacMaxCode: maxCode } = converters
  const compensation = expectedCompensation(bare, fullScales)
  const live = [...fullScales.keys()].filter(j => fullScales[j] !== 0)
  const columns = live.map(j => columnOf(bare, j, compensation))
  const scales = live.map(j => (fullScales[j] ?? NaN) * (gains[j] ?? NaN))
  const count = times.length
  const empty = (): Sums => ({
    cross: new Float64Array(live.length * count),
    power: new Float64Array(live.length * count),
    errors: new Float64Array(live.length),
  })
  /** One column's sums, as the objective takes them. */
  const one = { energy: 0, cross: new Array<number>(count).fill(0), power: new Array<number>(count).fill(0) }
  const energy = new Float64Array(live.length)
  const errorOf = (k: number, { cross, power }: Sums): number => {
    const column = columns[k]
    one.energy = energy[k] ?? NaN
    for (let t = 0; t < count; t++) {
      one.cross[t] = cross[k * count + t] ?? NaN
      one.power[t] = power[k * count + t] ?? NaN
    }
    return column === undefined ? NaN : columnError(converters, one, column, inputRange, scales[k] ?? NaN)
  }
  /** Without the row's part, with it at a factor, and with it at the best so far. */
  const rest = empty()
  let [present, trial, best] = [empty(), empty(), empty()]
  live.forEach((j, k) => {
    const sums = columnSums(bare, j, fullScales[j] ?? NaN)
    energy[k] = sums.energy
    present.cross.set(sums.cross, k * count)
    present.power.set(sums.power, k * count)
    present.errors[k] = errorOf(k, present)
  })
  /** Into `to`, the sums `of` with what the row yields at a factor added, `sign` times. */
  const put = (to: Sums, of: Sums, row: number, factor: number, sign: number): void => {
    for (let k = 0; k < live.length; k++) {
      const j = live[k] ?? NaN
      const at = j * columnStep + row
      const w = Math.abs(weights[at] ?? NaN) * factor
      const a = (sign * (energies[at] ?? NaN)) / (factor * factor)
      const share = Math.min(1, w / (fullScales[j] ?? NaN))
      const copies = columns[k]?.copies ?? NaN
      for (let t = 0; t < count; t++) {
        const { mean, variance } = times[t] ?? first
        const m = interpolated(mean, share) - (mean[0] ?? NaN)
        const spread = interpolated(variance, share) + (variance[0] ?? NaN)
        const slot = k * count + t
        to.cross[slot] = (of.cross[slot] ?? NaN) + a * m * w
        to.power[slot] = (of.power[slot] ?? NaN) + a * (m * m + spread / copies)
      }
    }
  }
  const factors = from.slice()
  for (let row = 0; row < rows; row++) {
    const own = inputs[row]
    if (own === undefined || own.weight.length === 0) continue
    const factorNow = factors[row] ?? NaN
    const ofInputs = (factor: number): number => inputError(own, { range: inputRange * factor, maxCode })
    const now = ofInputs(factorNow)
    put(rest, present, row, factorNow, -1)
    let [most, chosen] = [0, factorNow]
    for (const step of steps) {
      const factor = rounded(factorNow * step)
      if (factor === factorNow) continue
      put(trial, rest, row, factor, 1)
      let gain = now - ofInputs(factor)
      for (let k = 0; k < live.length; k++) {
        const error = errorOf(k, trial)
        trial.errors[k] = error
        gain += (present.errors[k] ?? NaN) - error
      }
      if (!(gain > most)) continue
      ;[most, chosen] = [gain, factor]
      ;[trial, best] = [best, trial]
    }
    if (chosen === factorNow) continue
    factors[row] = chosen
    ;[present, best] = [best, present]
  }
  return factors
}

/** Largest magnitudes of what a tile takes and holds: of its inputs, and of each column's weights. */
interface Largest {
  readonly input: number
  readonly weights: Float64Array
}

const largestOf = (tile: TileObjective): Largest => ({
  input: tile.inputs.upper.at(-1) ?? 0,
  weights: Float64Array.from({ length: tile.columns }, (_, j) => largestWeight(tile, j)),
})

/** Ranges where they would be if they went with what is largest. */
const stretched = ({ inputRange, fullScales, gains }: ScaledRanges, from: Largest, to: Largest): ScaledRanges => {
  /** The largest itself stays the largest. */
  const by = (range: number, old: number, now: number): number => (old > 0 && now > 0 ? (range / old) * now : range)
  return {
    inputRange: fround(by(inputRange, from.input, to.input)),
    fullScales: fullScales.map((c, j) => by(c, from.weights[j] ?? NaN, to.weights[j] ?? NaN)),
    gains,
  }
}

/** Columns that nothing is felt of: no search moves them, so they must not be left behind when their weights grow. */
const unfelt = ({ masses, weights, energies, rows, columns, columnStep }: TileObjective): readonly number[] =>
  Array.from({ length: columns }, (_, j) => j).filter(j => {
    if (!((masses[j] ?? NaN) > 0)) return true
    for (let i = j * columnStep; i < j * columnStep + rows; i++)
      if ((weights[i] ?? NaN) !== 0 && (energies[i] ?? NaN) > 0) return false
    return true
  })

const better = (a: ScaledRows, b: ScaledRows): ScaledRows => (b.optimum.after < a.optimum.after ? b : a)

/**
 * The best factors found, with the ranges that are best with them; null if none is better than no factors, by histograms of
 * rows, which are coarser than a tile's own. No random numbers; every step keeps the better value.
 * @param alone the optimum without factors
 */
export const scaledRows = (tile: ScalableTile, alone: Optimum, wanted: Wanted): ScaledRows | null => {
  const { rows } = tile.objective
  const at = (rowScales: Float32Array, ranges: (objective: TileObjective) => Optimum): ScaledRows => {
    const objective = withRowScales(tile, rowScales)
    return { objective, rowScales, optimum: ranges(objective) }
  }
  const ones = new Float32Array(rows).fill(1)
  const near = (objective: TileObjective, start: ScaledRanges, rounds?: number): Optimum =>
    optimalRanges(objective, { ...wanted, start, near: true, ...(rounds === undefined ? {} : { rounds }) })
  const before = largestOf(tile.objective)
  const still = unfelt(tile.objective)
  /** What a round starts from: the last one's, but for columns that it did not move. */
  const onwards = (last: ScaledRanges, objective: TileObjective): ScaledRanges => {
    if (still.length === 0) return last
    const carried = stretched(alone, before, largestOf(objective))
    const fullScales = last.fullScales.slice()
    for (const j of still) fullScales[j] = carried.fullScales[j] ?? NaN
    return { ...last, fullScales }
  }
  // On the same histogram as all others.
  const plain = at(ones, objective => near(objective, alone))
  let best = plain
  for (const factors of levelling(tile.objective, alone))
    best = better(
      best,
      at(factors, objective => near(objective, stretched(alone, before, largestOf(objective)), 1)),
    )
  for (let round = 0; round < mostRounds; round++) {
    const last = best
    const factors = moved(tile, last.objective, last.optimum, last.rowScales)
    best = better(
      last,
      at(factors, objective => near(objective, onwards(last.optimum, objective), 1)),
    )
    if (!(last.optimum.after - best.optimum.after > worthwhile * best.optimum.after)) break
  }
  // All the same factor is none.
  if (best.rowScales.every(s => s === best.rowScales[0])) return null
  const optimum = near(best.objective, best.optimum)
  return { ...best, optimum: { ...optimum, before: alone.before } }
}
