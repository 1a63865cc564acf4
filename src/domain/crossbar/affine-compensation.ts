/**
 * Compensation with an offset: y ~ alpha y^ + b for each column, by weighted least squares of the exact outputs y on the
 * chip's y^ over calibration vectors. y^ carries noise that is fresh for every vector (output noise, ADC, read noise per
 * VMM), which shrinks the slope: rightly so, because what comes later carries the same noise, and the shrunk slope is the
 * best linear estimate from such y^ (Fuller 1987, section 1.6.3). It is not corrected for.
 * Not modelled: errors that are shared between tiles.
 */

/** Of every column, over vectors: sums of h, h^2, h y^, h y, h y^^2 and h y^ y; what is known of y^'s variance in `spread`. */
export interface FitSums {
  readonly weight: Float64Array
  readonly squaredWeight: Float64Array
  readonly analog: Float64Array
  readonly exact: Float64Array
  readonly analogSquare: Float64Array
  readonly product: Float64Array
  /** Sum of h Var[y^], where y^ is an expectation and not a measurement. */
  readonly spread: Float64Array
}

export const fitSums = (columns: number): FitSums => {
  const zeros = (): Float64Array => new Float64Array(columns)
  return {
    ...{ weight: zeros(), squaredWeight: zeros(), analog: zeros(), exact: zeros() },
    ...{ analogSquare: zeros(), product: zeros(), spread: zeros() },
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

/** Vectors that count less than this many equal ones say nothing about a line. */
const fewest = 3

/**
 * The line of column j. Alone, an offset is fitted where a slope cannot be; alpha 1 and offset 0 where too few vectors count.
 */
export const fittedLine = (s: FitSums, j: number): Line => {
  const [h, hh] = [s.weight[j] ?? NaN, s.squaredWeight[j] ?? NaN]
  if (!(h > 0) || h * h < fewest * hh) return { alpha: 1, offset: 0 }
  const [analog, exact] = [(s.analog[j] ?? NaN) / h, (s.exact[j] ?? NaN) / h]
  const square = (s.analogSquare[j] ?? NaN) / h - analog * analog + (s.spread[j] ?? NaN) / h
  const product = (s.product[j] ?? NaN) / h - analog * exact
  const told = square > (distinct * (s.analogSquare[j] ?? NaN)) / h
  const alpha = told && product > 0 ? product / square : 1
  return { alpha, offset: exact - alpha * analog }
}
