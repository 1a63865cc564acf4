/**
 * Spearman's rank correlation: Pearson's of the ranks, ties sharing their average rank.
 * Not modelled: p-values; ranks need all values, so unlike the other metrics this one keeps two numbers per example.
 */
import type { Accumulator } from './accumulator.js'
import { pearson } from './pearson.js'

/** Rank of each value, from 1; equal values get the mean of the ranks they span. No NaN. */
export const ranks = (values: readonly number[]): readonly number[] => {
  const order = values
    .map((value, index) => ({ value, index }))
    .sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0))
  const result = new Array<number>(values.length)
  for (let first = 0; first < order.length;) {
    let end = first + 1
    while (end < order.length && order[end]?.value === order[first]?.value) end += 1
    const shared = (first + 1 + end) / 2
    for (const tied of order.slice(first, end)) result[tied.index] = shared
    first = end
  }
  return result
}

/** In [-1, 1]; 0 when labels or predictions are constant; NaN after a NaN prediction. Infinities rank as extremes. */
export const spearman = (): Accumulator => {
  const labels: number[] = []
  const predictions: number[] = []
  let broken = false
  return {
    add: (label, prediction) => {
      if (Number.isNaN(label) || Number.isNaN(prediction)) broken = true
      labels.push(label)
      predictions.push(prediction)
    },
    value: () => {
      if (broken) return NaN
      const ofRanks = pearson()
      const labelRanks = ranks(labels)
      ranks(predictions).forEach((rank, i) => ofRanks.add(labelRanks[i] ?? NaN, rank))
      return ofRanks.value()
    },
  }
}
