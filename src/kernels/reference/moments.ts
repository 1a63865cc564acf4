/**
 * Sums over long columns of measurements, in binary64: products of binary32 numbers are exact there. Not modelled: compensated
 * summation; a sum of n numbers errs by at most n 2^-53 of the sum of magnitudes.
 */
import { foldSum, lanes } from './lanes.js'

/** sum a[i] b[i] in the order of lanes.ts, with binary64 lanes. */
export const dot = (a: Float32Array, b: Float32Array): number => {
  const sums = new Float64Array(lanes)
  for (let i = 0; i < a.length; i++) sums[i % lanes] = (sums[i % lanes] ?? 0) + (a[i] ?? 0) * (b[i] ?? 0)
  return foldSum(sums)
}

export interface Moments {
  /** [columns] sum of x. */
  readonly sum: Float64Array
  /** [columns] sum of x^2. */
  readonly squares: Float64Array
  /** [columns] largest |x|; NaN never counts as larger. */
  readonly absMax: Float32Array
}

/**
 * Adds the rows of x to the moments of each column, one after the other: any division of the rows into calls gives the
 * same bits. @param x [rows, columns], rows `rowStep` apart.
 */
export const addMomentsInto = (moments: Moments, x: Float32Array, rows: number, rowStep: number): void => {
  const { sum, squares, absMax } = moments
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < sum.length; j++) {
      const value = x[i * rowStep + j] ?? 0
      sum[j] = (sum[j] ?? 0) + value
      squares[j] = (squares[j] ?? 0) + value * value
      if (Math.abs(value) > (absMax[j] ?? 0)) absMax[j] = Math.abs(value)
    }
}
