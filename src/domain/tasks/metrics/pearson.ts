/**
 * Pearson's correlation of labels and predicted scores, by running means and co-moments (Welford 1962).
 * Not modelled: p-values, weights, magnitudes whose squares leave the range of a double.
 */
import type { Accumulator } from './accumulator.js'

/**
 * In [-1, 1]; 0 when labels or predictions are constant; NaN after a NaN or infinite prediction.
 * Keeps eight numbers. Values are taken relative to the first example, and Welford's update is used and not sums of
 * squares: otherwise digits cancel when the mean is large against the spread.
 */
export const pearson = (): Accumulator => {
  let examples = 0
  let originX = 0
  let originY = 0
  let meanX = 0
  let meanY = 0
  let xx = 0
  let yy = 0
  let xy = 0
  return {
    add: (label, prediction) => {
      if (examples === 0) {
        originX = label
        originY = prediction
      }
      examples += 1
      const x = label - originX
      const y = prediction - originY
      const dx = x - meanX
      const dy = y - meanY
      meanX += dx / examples
      meanY += dy / examples
      xx += dx * (x - meanX)
      yy += dy * (y - meanY)
      xy += dx * (y - meanY)
    },
    value: () => {
      if (examples === 0 || Number.isNaN(xx + yy)) return NaN
      if (xx === 0 || yy === 0) return 0
      // One root of the product: exactly 1 for equal inputs, which two roots are not.
      return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))
    },
  }
}
