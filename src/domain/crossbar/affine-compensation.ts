/**
 * Compensation with an offset: y ~ alpha y^ + b for each column, by weighted least squares of the exact outputs y on the
 * chip's y^ over calibration vectors. y^ carries noise that is fresh for every vector (output noise, ADC, read noise per
 * VMM), which shrinks the slope: rightly so, because what comes later carries the same noise, and the shrunk slope is the
 * best linear estimate from such y^ (Fuller 1987, section 1.6.3). It is not corrected for.
 * Not modelled: errors that are shared between tiles.
 */

/** Of every column, over vectors: sums of h, h^2, h y^, h y, h y^^2, h y^2 and h y^ y; what is known of y^'s variance in `spread`. */
export interface FitSums {
  readonly weight: Float64Array
  readonly squaredWeight: Float64Array
  readonly analog: Float64Array
  readonly exact: Float64Array
  readonly analogSquare: Float64Array
  readonly exactSquare: Float64Array
  readonly product: Float64Array
  /** Sum of h Var[y^], where y^ is an expectation and not a measurement. */
  readonly spread: Float64Array
}

export const fitSums = (columns: number): FitSums => {
  const zeros = (): Float64Array => new Float64Array(columns)
  return {
    ...{ weight: zeros(), squaredWeight: zeros(), analog: zeros(), exact: zeros() },
    ...{ analogSquare: zeros(), exactSquare: zeros(), product: zeros(), spread: zeros() },
  }
}

/** Adds one vector's columns: y^, y, h, and the variance of y^; null: y^ is measured, and carries its noise itself. */
export const addToFit = (
  s: FitSums,
  analog: Float32Array,
  exact: Float32Array,
  weights: Float32Array,
  variance: Float32Array | null,
): void => {
  for (let j = 0; j < s.weight.length; j++) {
    const [a, e, h] = [analog[j] ?? NaN, exact[j] ?? NaN, weights[j] ?? NaN]
    s.weight[j] = (s.weight[j] ?? NaN) + h
    s.squaredWeight[j] = (s.squaredWeight[j] ?? NaN) + h * h
    s.analog[j] = (s.analog[j] ?? NaN) + h * a
    s.exact[j] = (s.exact[j] ?? NaN) + h * e
    s.analogSquare[j] = (s.analogSquare[j] ?? NaN) + h * a * a
    s.exactSquare[j] = (s.exactSquare[j] ?? NaN) + h * e * e
    s.product[j] = (s.product[j] ?? NaN) + h * a * e
    if (variance !== null) s.spread[j] = (s.spread[j] ?? NaN) + h * (variance[j] ?? NaN)
  }
}

/** What a column's output is multiplied by, and what is added to it. */
export interface Line {
  readonly alpha: number
  readonly offset: number
}

/** Of the mean square: a variance below is not told from what rounding makes of equal numbers. */
const distinct = 1e-10

/** A column's weighted means and central moments, and how many equal vectors its weights come to. */
interface Moments {
  readonly weight: number
  readonly vectors: number
  readonly analog: number
  readonly exact: number
  readonly square: number
  readonly product: number
  readonly exactSquare: number
}

/** null: no vector counts. */
const momentsOf = (s: FitSums, j: number): Moments | null => {
  const weight = s.weight[j] ?? NaN
  if (!(weight > 0)) return null
  const of = (sums: Float64Array): number => (sums[j] ?? NaN) / weight
  const [analog, exact] = [of(s.analog), of(s.exact)]
  const square = of(s.analogSquare) - analog * analog
  return {
    ...{ weight, analog, exact },
    vectors: (weight * weight) / (s.squaredWeight[j] ?? NaN),
    square: (square > distinct * of(s.analogSquare) ? square : 0) + of(s.spread),
    product: of(s.product) - analog * exact,
    exactSquare: Math.max(0, of(s.exactSquare) - exact * exact),
  }
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

/** An estimate for a column, the variance of its error, and how much the column counts. */
interface Estimate {
  readonly value: number
  readonly variance: number
  readonly weight: number
}

/**
 * Towards 0, as far as the estimates scatter by their own errors alone: with a spread of tau^2 among the true values, the
 * best is value tau^2 / (tau^2 + variance) (empirical Bayes; tau^2 by the method of moments, Efron and Morris 1975).
 */
const shrunk = (estimates: readonly Estimate[]): readonly number[] => {
  const known = estimates.filter(({ variance }) => Number.isFinite(variance))
  const total = sum(known.map(({ weight }) => weight))
  const excess = sum(known.map(({ value, variance, weight }) => weight * (value * value - variance)))
  const spread = total > 0 ? Math.max(0, excess / total) : 0
  return estimates.map(({ value, variance }) =>
    Number.isFinite(variance) && spread > 0 ? (value * spread) / (spread + variance) : 0,
  )
}

/**
 * The lines of a tile's columns. What all have in common, one slope, is well known; what each has of its own, a slope that
 * departs from it and an offset, is believed as far as its vectors are many and the columns differ by more than chance.
 * A column on which nothing depends has the common slope; a tile on which nothing does, the slope 1.
 */
export const fittedLines = (s: FitSums): readonly Line[] => {
  const columns = Array.from(s.weight, (_, j) => momentsOf(s, j))
  const all = columns.flatMap(m => m ?? [])
  const [products, squares] = [sum(all.map(m => m.weight * m.product)), sum(all.map(m => m.weight * m.square))]
  const common = products > 0 && squares > 0 ? products / squares : 1
  /** Mean square of what a slope of the column's own leaves, per degree of freedom. */
  const residue = ({ product, square, exactSquare, vectors }: Moments): number => {
    const own = square > 0 ? product / square : 0
    return vectors > 2 ? (Math.max(0, exactSquare - own * product) * vectors) / (vectors - 2) : Infinity
  }
  const slopes = shrunk(
    columns.map(m =>
      m === null || m.square <= 0
        ? { value: 0, variance: Infinity, weight: 0 }
        : {
            value: m.product / m.square - common,
            variance: residue(m) / (m.vectors * m.square),
            weight: m.weight * m.square,
          },
    ),
  ).map(departure => Math.max(0.5 * common, Math.min(2 * common, common + departure)))
  const offsets = shrunk(
    columns.map((m, j) =>
      m === null
        ? { value: 0, variance: Infinity, weight: 0 }
        : {
            value: m.exact - (slopes[j] ?? NaN) * m.analog,
            variance: residue(m) / m.vectors,
            weight: m.weight,
          },
    ),
  )
  return columns.map((_, j) => ({ alpha: slopes[j] ?? NaN, offset: offsets[j] ?? NaN }))
}
