/**
 * Matthews correlation of labels and predictions, for any number of classes (Gorodkin's R_K, 2004).
 * Not modelled: sample weights.
 */
import type { Accumulator } from './accumulator.js'

const sumOfSquares = (counts: ReadonlyMap<number, number>): number => {
  let sum = 0
  for (const n of counts.values()) sum += n * n
  return sum
}

/**
 * In [-1, 1]; 0 when all labels or all predictions are one class, as scikit-learn gives it.
 * With s examples, c correct, t_k labels and p_k predictions of class k:
 * (c s - sum t_k p_k) / sqrt((s^2 - sum p_k^2) (s^2 - sum t_k^2)). Keeps two counts per class.
 * Predictions that are no class (NaN) count as a class of their own, which is never right.
 */
export const matthews = (): Accumulator => {
  let examples = 0
  let correct = 0
  const labels = new Map<number, number>()
  const predictions = new Map<number, number>()
  return {
    add: (label, prediction) => {
      examples += 1
      if (label === prediction) correct += 1
      labels.set(label, (labels.get(label) ?? 0) + 1)
      predictions.set(prediction, (predictions.get(prediction) ?? 0) + 1)
    },
    value: () => {
      if (examples === 0) return NaN
      let agreementByChance = 0
      for (const [k, n] of labels) agreementByChance += n * (predictions.get(k) ?? 0)
      const spread = examples ** 2 - sumOfSquares(predictions)
      const labelSpread = examples ** 2 - sumOfSquares(labels)
      if (spread === 0 || labelSpread === 0) return 0
      return (correct * examples - agreementByChance) / Math.sqrt(spread * labelSpread)
    },
  }
}
