/**
 * What the DAC does to a tile's inputs, as weighted squares: rounding, clipping, and what is left of clipping where inputs
 * stand on several rows. Derivation: docs/objective.md. Not modelled: correlation between inputs.
 */
import { excessOf, massOf, type Excess, type WeightedHistogram } from './histogram.js'

/**
 * Sum over inputs of weight times the square of what the DAC makes of them less themselves. A bin's numbers are uniform
 * in it, so that a step counts as it is where it is wider than the numbers (they all become 0) and as step^2 / 12 where it
 * is far narrower.
 * @param maxCode 0: ideal
 */
export const inputError = (
  { lower, upper, weight }: WeightedHistogram,
  { range, maxCode }: { readonly range: number; readonly maxCode: number },
): number => {
  if (maxCode === 0) return 0
  const step = range / maxCode
  /** Integral from 0 to u of the square of the distance to the nearest step. */
  const rounding = (u: number): number => {
    const n = Math.round(u / step)
    const rest = u - n * step
    return (n * step ** 3) / 12 + rest ** 3 / 3
  }
  let sum = 0
  for (let b = 0; b < weight.length; b++) {
    const [from, to] = [lower[b] ?? NaN, upper[b] ?? NaN]
    let integral = from < range ? rounding(Math.min(to, range)) - rounding(from) : 0
    if (to > range) integral += ((to - range) ** 3 - Math.max(0, from - range) ** 3) / 3
    sum += ((weight[b] ?? NaN) * integral) / (to - from)
  }
  return sum
}

/** Clipping, input by input. */
export interface RowInputs {
  /** Of all of the tile's inputs, as `inputError` takes it. */
  readonly all: Excess
  /** Of each row: the excess of |x_ti|, and the weight beyond a magnitude, weighted as the tile's inputs are. */
  readonly rows: readonly { readonly excess: Excess; readonly mass: Excess }[]
}

export const rowInputs = (all: WeightedHistogram, rows: readonly WeightedHistogram[]): RowInputs => ({
  all: excessOf(all),
  rows: rows.map(row => ({ excess: excessOf(row), mass: massOf(row) })),
})

/** How a DAC converts. @param maxCode 0: ideal */
interface Dac {
  readonly range: number
  readonly maxCode: number
}

/**
 * What is lost of one input beyond the range of its own row, if it stands on n: what n ranges clip, and the rounding of
 * what they let through, which never exceeds what one range would clip of it.
 */
const lost = ({ excess, mass }: RowInputs['rows'][number], { range, maxCode }: Dac, n: number): number => {
  const one = excess(range)
  if (n === 1) return one
  const beyond = excess(n * range)
  const rounding = ((mass(range) - mass(n * range)) * (range / maxCode) ** 2) / 12
  return beyond + Math.max(0, Math.min(rounding, one - beyond))
}

/** What rows' histograms, which are coarser, are multiplied by to come to the tile's own. */
const scaleOf = ({ all, rows }: RowInputs, range: number): number => {
  let sum = 0
  for (const row of rows) sum += row.excess(range)
  return sum > 0 ? all(range) / sum : 0
}

/** What clipping loses of each input that stands on 1, 2, ... rows. */
export const lostInputs = (inputs: RowInputs, dac: Dac): ((row: number, n: number) => number) => {
  if (dac.maxCode === 0) return () => 0
  const scale = scaleOf(inputs, dac.range)
  return (row, n) => {
    const own = inputs.rows[row]
    return own === undefined || scale === 0 ? 0 : scale * lost(own, dac, n)
  }
}

/** As `inputError`, of inputs on so many rows each. @param places undefined: on one each */
export const inputErrorOn = (
  all: WeightedHistogram,
  dac: Dac,
  inputs: RowInputs | null,
  places: Uint16Array | undefined,
): number => {
  const plain = inputError(all, dac)
  if (places === undefined || inputs === null) return plain
  const of = lostInputs(inputs, dac)
  let saved = 0
  for (let i = 0; i < places.length; i++) {
    const n = places[i] ?? 1
    if (n > 1) saved += of(i, 1) - of(i, n)
  }
  return Math.max(0, plain - saved)
}
