/**
 * Least-squares drift compensation: the factor on a column or a tile that undoes drift best on average, from the moments.
 * Not here: factors measured through the tile (global, per-column), and compensation with an offset (affine).
 */
import type { Moments } from '../devices/moments.js'

/**
 * alpha* = sum_i w_i E[v_i] / sum_i E[v_i^2], where the pair of weight w_i yields the random v_i.
 *
 * Derivation: with inputs x_i that are uncorrelated, of equal power p and independent of the devices, the error of an
 * output, E[(sum_i x_i (w_i - alpha v_i))^2], is p sum_i E[(w_i - alpha v_i)^2]
 * = p (sum w_i^2 - 2 alpha sum w_i E[v_i] + alpha^2 sum E[v_i^2]): a parabola in alpha, with E[v^2] = variance + mean^2.
 * Its least value is at alpha*. The variance in the denominator makes the factor smaller than the one that would undo
 * the mean's drift: amplifying noise costs too.
 * @param weights as programmed, in [-1, 1] of full scale: of one column, or of a whole tile
 * @param moments of the weight that a pair yields at the time of the read; asked with the weight and its position
 * @returns 1 where nothing is conducted, and no factor matters
 */
export const leastSquaresFactor = (
  weights: Iterable<number>,
  moments: (weight: number, position: number) => Moments,
): number => {
  let cross = 0
  let square = 0
  let position = 0
  for (const w of weights) {
    const { mean, variance } = moments(w, position++)
    cross += w * mean
    square += variance + mean * mean
  }
  return square === 0 ? 1 : cross / square
}
