/**
 * F1 of the positive class, 1: harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN).
 * Not modelled: macro or micro averages over several classes.
 */
import type { Accumulator } from './accumulator.js'

/** In [0, 1]; 0 when no label and no prediction is positive (scikit-learn, zero_division=0). */
export const f1 = (): Accumulator => {
  let examples = 0
  let truePositives = 0
  let positiveLabels = 0
  let positivePredictions = 0
  return {
    add: (label, prediction) => {
      examples += 1
      if (label === 1) positiveLabels += 1
      if (prediction === 1) positivePredictions += 1
      if (label === 1 && prediction === 1) truePositives += 1
    },
    value: () => {
      if (examples === 0) return NaN
      const denominator = positiveLabels + positivePredictions
      return denominator === 0 ? 0 : (2 * truePositives) / denominator
    },
  }
}
