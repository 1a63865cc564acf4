/** What calibration counts and adds up, and the sums of a search for ranges, as kernels (reference/summaries.ts). Not here: what is made of them. */
import type { Bins } from '../domain/ranges/histogram.js'
import type { Ptr } from './heap.js'
import type { Elementwise } from './kernels.js'

/** Numbers of x [rows, columns], f32, into histograms over magnitudes; rows are `xRowStep` numbers apart. */
export interface Magnitudes {
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

/** Sums over the pairs of a column at one time (domain/ranges/pair-sums.ts). */
export interface PairSumsOf {
  /** f64 [3]. */
  readonly y: Ptr
  /** f32 [rows], f32 [rows], f64 [rows]. */
  readonly weights: Ptr
  readonly energies: Ptr
  readonly shares: Ptr
  /** f64 [steps + 1] each. */
  readonly mean: Ptr
  readonly variance: Ptr
  readonly rows: number
  readonly steps: number
  readonly fullScale: number
}

export interface CalibrationKernels {
  /** y = x x. */
  readonly square: (a: Elementwise) => void
  readonly countMagnitudes: (a: CountMagnitudes) => void
  readonly weighMagnitudes: (a: WeighMagnitudes) => void
  readonly addToTails: (a: AddToTails) => void
  readonly pairSums: (a: PairSumsOf) => void
}
