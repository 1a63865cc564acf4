/** What calibration counts and adds up, as kernels (reference/summaries.ts). Not modelled: what is made of the sums. */
import type { Bins } from '../domain/ranges/histogram.js'
import type { Ptr } from './heap.js'
import type { Elementwise } from './kernels.js'

/** Numbers of x [rows, columns], f32, into histograms over magnitudes; rows are `xRowStep` numbers apart. */
interface Magnitudes {
  readonly x: Ptr
  readonly rows: number
  readonly columns: number
  readonly xRowStep: number
}

export interface CountMagnitudes extends Magnitudes {
  /** uint32 [2, bins], in and out: positive numbers and both zeros, then negative ones. */
  readonly counts: Ptr
  readonly bins: Bins
}

export interface WeighMagnitudes extends Magnitudes {
  /** f64 [bins], in and out. */
  readonly slots: Ptr
  /** f32 [rows, columns]. */
  readonly weights: Ptr
  readonly bins: Bins
}

export interface AddToTails extends Magnitudes {
  /** f64 [columns, tailBins] and int32 [columns], in and out: a histogram of each column. */
  readonly slots: Ptr
  readonly tops: Ptr
  /** f32 [rows, columns]. */
  readonly weights: Ptr
}

export interface CalibrationKernels {
  /** y = x x. */
  readonly square: (a: Elementwise) => void
  readonly countMagnitudes: (a: CountMagnitudes) => void
  readonly weighMagnitudes: (a: WeighMagnitudes) => void
  readonly addToTails: (a: AddToTails) => void
}
