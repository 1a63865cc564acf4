/**
 * A score that is built up one example at a time: counts or moments, no list of examples unless a metric says so.
 * Not modelled: merging two accumulators; a stream is reduced in its order, so its chunking cannot change a bit.
 */
export interface Accumulator {
  /** One example: its label and what was predicted, a class index or a score. */
  readonly add: (label: number, prediction: number) => void
  /** Score of the examples so far; NaN for none. More may be added afterwards. */
  readonly value: () => number
}
