/**
 * The moments of a device at one time, tabulated over the target for interpolation: Chebyshev pieces, split at the model's
 * kinks and halved until they fit.
 * Not here: several times in one table; values outside [0, g_max] (refused).
 */
import { chebyshev } from '../mathematics/error-function.js'
import { inRange, positive } from '../quantity.js'
import type { DeviceModel } from './model.js'
import type { Moments } from './moments.js'

export interface MomentTable {
  readonly seconds: number
  /** The mean errs by at most tolerance g_max, the variance by at most tolerance g_max^2; or by 1e-11 of themselves. */
  readonly tolerance: number
  readonly pieces: number
  /** Interpolated moments of a device with this target [µS]. @throws RangeError outside [0, g_max]. */
  readonly at: (target: number) => Moments
}

interface TablePiece {
  readonly from: number
  readonly to: number
  readonly mean: readonly number[]
  readonly variance: readonly number[]
}

const order = 8
const nodes = Array.from({ length: order }, (_, i) => Math.cos((Math.PI * (i + 0.5)) / order))
/** Between the nodes and towards the ends, where the interpolant errs most; the lower end itself for the corner at 0. */
const probes = [-1, -0.9, -0.6, 0.15, 0.7, 0.9, 0.99]
/** Relative to a moment: noise far beyond g_max has a variance whose very rounding exceeds any tolerance in g_max^2. */
const rounding = 1e-11
/** Halvings of the range between two kinks; 2^-40 of it is below every feature of a device. */
const deepest = 40

const coefficients = (values: readonly number[]): readonly number[] =>
  nodes.map(
    (_, k) =>
      ((k === 0 ? 1 : 2) / order) *
      values.reduce((sum, v, i) => sum + v * Math.cos((Math.PI * k * (i + 0.5)) / order), 0),
  )

/**
 * @param tolerance of g_max (mean) and g_max^2 (variance); held to a quarter of it at seven points of every piece
 * @throws RangeError as the model's moments
 */
export const tabulate = (model: DeviceModel, seconds: number, tolerance = 1e-8): MomentTable => {
  const gMax = model.gMaxMicroSiemens
  const allowed = positive('tolerance', tolerance) * gMax * 0.25
  const near = (value: number, exact: number, most: number): boolean =>
    Math.abs(value - exact) <= Math.max(most, rounding * Math.abs(exact))
  const fit = (from: number, to: number, depth: number): readonly TablePiece[] => {
    const place = (x: number): number => Math.min(to, Math.max(from, from + 0.5 * (1 + x) * (to - from)))
    const known = nodes.map(x => model.moments(place(x), seconds))
    const piece = {
      from,
      to,
      mean: coefficients(known.map(m => m.mean)),
      variance: coefficients(known.map(m => m.variance)),
    }
    const fits =
      depth === deepest ||
      probes.every(x => {
        const exact = model.moments(place(x), seconds)
        return (
          near(chebyshev(piece.mean, x), exact.mean, allowed) &&
          near(chebyshev(piece.variance, x), exact.variance, allowed * gMax)
        )
      })
    const middle = 0.5 * (from + to)
    return fits ? [piece] : [...fit(from, middle, depth + 1), ...fit(middle, to, depth + 1)]
  }
  const ends = [0, ...model.kinksMicroSiemens, gMax]
  const pieces = ends.slice(1).flatMap((to, i) => fit(ends[i] ?? 0, to, 0))
  const starts = Float64Array.from(pieces, p => p.from)

  const pieceOf = (target: number): TablePiece => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((starts[middle] ?? Infinity) <= target) low = middle
      else high = middle
    }
    const found = pieces[low]
    if (found === undefined) throw new RangeError(`"kinksMicroSiemens" expected ascending, got ${ends.join(', ')}`)
    return found
  }
  return {
    seconds,
    tolerance,
    pieces: pieces.length,
    at: target => {
      const piece = pieceOf(inRange('target conductance [µS]', target, 0, gMax))
      const x = (2 * (target - piece.from)) / (piece.to - piece.from) - 1
      return { mean: chebyshev(piece.mean, x), variance: Math.max(0, chebyshev(piece.variance, x)) }
    },
  }
}
