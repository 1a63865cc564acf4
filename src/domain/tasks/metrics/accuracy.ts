/**
 * Share of examples whose predicted class is their label.
 * Not modelled: class weights.
 */
import type { Accumulator } from './accumulator.js'

/** In [0, 1]. NaN predictions are mistakes. */
export const accuracy = (): Accumulator => {
  let examples = 0
  let correct = 0
  return {
    add: (label, prediction) => {
      examples += 1
      if (label === prediction) correct += 1
    },
    value: () => correct / examples,
  }
}
