/**
 * Histograms of what streams past (domain/ranges/histogram.ts), number by number: rows one after the other, each from its
 * first column on, so that any division of the rows into calls gives the same bits. Not modelled: numbers that are none.
 */
import { addToTail, binOf, tailBins } from '../../domain/ranges/histogram.js'
import { pairSums } from '../../domain/ranges/pair-sums.js'
import type { CalibrationKernels, Magnitudes } from '../calibration.js'
import type { Heap } from '../heap.js'
import { mapInto } from './elementwise.js'
import { span } from './span.js'

/** Calls `each` with every number's pattern, its place among the weights, and its column. */
const overAll = (
  heap: Heap,
  { x, rows, columns, xRowStep }: Magnitudes,
  each: (pattern: number, place: number, column: number) => void,
): void => {
  const patterns = heap.i32(x, span(rows, xRowStep, columns, 1))
  for (let r = 0; r < rows; r++)
    for (let j = 0; j < columns; j++) each(patterns[r * xRowStep + j] ?? 0, r * columns + j, j)
}

export const referenceCalibrationKernels = (heap: Heap): CalibrationKernels => ({
  square: a => mapInto(heap.f32(a.y, a.length), heap.f32(a.x, a.length), x => x * x),
  countMagnitudes: ({ bins, ...a }) => {
    const counts = heap.u32(a.counts, 2 * bins.count)
    overAll(heap, a, pattern => {
      // -0 is no negative number.
      const bin = binOf(bins, pattern) + (pattern < 0 && pattern !== -0x8000_0000 ? bins.count : 0)
      counts[bin] = (counts[bin] ?? 0) + 1
    })
  },
  weighMagnitudes: ({ bins, ...a }) => {
    const weights = heap.f32(a.weights, a.rows * a.columns)
    const slots = heap.f64(a.slots, bins.count)
    overAll(heap, a, (pattern, place) => {
      const bin = binOf(bins, pattern)
      slots[bin] = (slots[bin] ?? NaN) + (weights[place] ?? NaN)
    })
  },
  addToTails: a => {
    const weights = heap.f32(a.weights, a.rows * a.columns)
    const slots = heap.f64(a.slots, tailBins * a.columns)
    const tops = heap.i32(a.tops, a.columns)
    overAll(heap, a, (pattern, place, j) => addToTail(slots, tops, j, pattern, weights[place] ?? NaN))
  },
  pairSums: ({ rows, steps, fullScale, ...at }) => {
    const column = {
      weights: heap.f32(at.weights, rows),
      energies: heap.f32(at.energies, rows),
      shares: heap.f64(at.shares, rows),
    }
    const moments = { mean: heap.f64(at.mean, steps + 1), variance: heap.f64(at.variance, steps + 1) }
    heap.f64(at.y, 3).set(pairSums(column, moments, fullScale))
  },
})
