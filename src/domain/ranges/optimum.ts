/**
 * The ranges of a tile that minimise its objective: first the best of a grid of input ranges, each with the best full
 * scale of every column from a grid of theirs; then one-dimensional searches, alternated until nothing is gained. Gains
 * follow in closed form. Every step keeps the better value, so the objective never rises; no random numbers.
 * Not modelled: joint moves of several tiles.
 */
import { descend } from './line-search.js'
import { expectedCompensation } from './expected-compensation.js'
import {
  columnError,
  columnOf,
  expectedError,
  leastSquaresGain,
  summing,
  tileInputError,
  type Column,
  type ColumnSums,
  type ScaledRanges,
  type Summing,
  type TileObjective,
} from './objective.js'

export interface Wanted {
  /** What the search starts from, and keeps where nothing is better. */
  readonly start: ScaledRanges
  /** Which ranges it may change: the tile's input range; its columns' full scales and gains. */
  readonly input: boolean
  readonly columns: boolean
  /** Looks near the start only, which is an optimum of much the same objective; default: everywhere. */
  readonly near?: boolean
  /** How often all ranges are moved, at most; default: until nothing is gained. */
  readonly rounds?: number
}

export interface Optimum extends ScaledRanges {
  /** The objective at the start and at the optimum. */
  readonly before: number
  readonly after: number
}

const { fround } = Math

/** The ratio of neighbours on both grids. */
const ratio = Math.SQRT2
/** Octaves of the grids below and above the largest weight of a column, and the largest input. */
const columnGrid = { below: 3, above: 2 }
const inputGrid = { below: 12, above: 2 }

/** Of a place, relative. */
const tolerance = 3e-3
/** What a round must gain, relative to the objective, for another one. */
const worthwhile = 3e-4
const mostRounds = 6

const powers = ({ below, above }: { readonly below: number; readonly above: number }): readonly number[] => {
  const found: number[] = []
  for (let octave = -below; octave < above; octave++) found.push(2 ** octave, ratio * 2 ** octave)
  return [...found, 2 ** above]
}

/** A full scale of a column with what its weights come to there. */
interface Candidate {
  readonly fullScale: number
  readonly sums: ColumnSums
}

/** A column that is not all zeros. */
interface Live {
  readonly index: number
  readonly column: Column
  readonly sums: Summing
  /** Of the start; null: that of least squares, at any full scale. */
  readonly gain: number | null
  candidate: Candidate
}

/** Largest magnitude of a column's weights. */
export const largestWeight = ({ weights, columnStep, rows }: TileObjective, column: number): number => {
  let most = 0
  for (let i = column * columnStep; i < column * columnStep + rows; i++)
    most = Math.max(most, Math.abs(weights[i] ?? NaN))
  return most
}

export const optimalRanges = (
  tile: TileObjective,
  { start, input, columns, near = false, rounds = mostRounds }: Wanted,
): Optimum => {
  const { converters } = tile
  const compensation = expectedCompensation(tile, start.fullScales)
  const candidate = (sums: Summing, fullScale: number): Candidate => ({ fullScale, sums: sums(fullScale) })
  const gainOf = (live: Live, column: Column, { fullScale, sums }: Candidate, inputRange: number): number =>
    live.gain ?? leastSquaresGain(converters, sums, column, inputRange, fullScale)
  const errorOf = (live: Live, at: Candidate, inputRange: number): number => {
    const scale = at.fullScale * gainOf(live, live.column, at, inputRange)
    return columnError(converters, at.sums, live.column, inputRange, scale)
  }
  const ofInputs = (range: number): number => tileInputError(tile, range)

  const steps = near ? [] : powers(columnGrid)
  const all: { readonly live: Live; readonly candidates: readonly Candidate[] }[] = []
  start.fullScales.forEach((own, index) => {
    if (own === 0) return
    const largest = largestWeight(tile, index)
    const column = columnOf(tile, index, compensation)
    const sums = summing(tile, index)
    const first = candidate(sums, own)
    // What nothing comes into, or nothing is felt of, stays as it is.
    const searched = columns && column.mass > 0 && first.sums.energy > 0
    const candidates = [first, ...(searched ? steps.map(s => candidate(sums, fround(s * largest))) : [])]
    const gain = searched ? null : (start.gains[index] ?? NaN)
    all.push({ live: { index, column, sums, gain, candidate: first }, candidates })
  })
  /** The best of a column's candidates; the first of equals. */
  const best = ({ live, candidates }: (typeof all)[number], range: number): { at: Candidate; value: number } => {
    const [first = live.candidate] = candidates
    let at = first
    let value = errorOf(live, at, range)
    for (const other of candidates) {
      const found = other === first ? value : errorOf(live, other, range)
      if (found < value) [at, value] = [other, found]
    }
    return { at, value }
  }

  const largestInput = tile.inputs.upper.at(-1) ?? 0
  const searchesInput = input && largestInput > 0
  const inputRanges = searchesInput && !near ? powers(inputGrid).map(s => fround(s * largestInput)) : []
  let inputRange = start.inputRange
  let least = Infinity
  for (const range of [start.inputRange, ...inputRanges]) {
    const value = all.reduce((sum, own) => sum + best(own, range).value, ofInputs(range))
    if (value < least) [inputRange, least] = [range, value]
  }
  for (const own of all) own.live.candidate = best(own, inputRange).at
  const lives = all.map(({ live }) => live)

  let factor = ratio
  for (let round = 0; round < rounds; round++) {
    const before = least
    for (const live of lives) {
      if (live.gain !== null) continue
      const value = errorOf(live, live.candidate, inputRange)
      const tried: Candidate[] = []
      const moved = (c: number): number => {
        const at = candidate(live.sums, fround(c))
        tried.push(at)
        return errorOf(live, at, inputRange)
      }
      const found = descend(moved, { at: live.candidate.fullScale, value }, factor, tolerance)
      if (found.value < value)
        live.candidate = tried.find(({ fullScale }) => fullScale === fround(found.at)) ?? live.candidate
    }
    const current = (range: number): number =>
      lives.reduce((sum, live) => sum + errorOf(live, live.candidate, range), ofInputs(range))
    least = current(inputRange)
    if (searchesInput && least > 0) {
      const found = descend(range => current(fround(range)), { at: inputRange, value: least }, factor, tolerance)
      if (found.value < least) {
        inputRange = fround(found.at)
        least = found.value
      }
    }
    if (!(columns && searchesInput) || !(before - least > worthwhile * before)) break
    factor = Math.sqrt(factor)
  }

  const [fullScales, gains] = [start.fullScales.slice(), start.gains.slice()]
  for (const { index, candidate: c } of lives) fullScales[index] = c.fullScale
  // The compensation that these full scales will meet.
  const met = expectedCompensation(tile, fullScales)
  for (const live of lives)
    gains[live.index] = gainOf(live, columnOf(tile, live.index, met), live.candidate, inputRange)
  const chosen = { inputRange, fullScales, gains }
  const sumsOf = (of: (own: (typeof all)[number]) => Candidate): ReadonlyMap<number, ColumnSums> =>
    new Map(all.map(own => [own.live.index, of(own).sums]))
  const first = sumsOf(({ live, candidates: [own = live.candidate] }) => own)
  const last = sumsOf(({ live }) => live.candidate)
  const before = expectedError(tile, start, compensation, first).total
  const after = expectedError(tile, chosen, met, last).total
  return after < before ? { ...chosen, before, after } : { ...start, before, after: before }
}
