/**
 * The kernels of training: gradients, dropout, the optimiser. Conventions as in kernels.ts; src/kernels/reference defines
 * each result. The gradient with respect to a linear layer's input is `product`, the norm of a gradient `dot`.
 */
import type { Key } from '../domain/random/philox.js'
import type { Ptr } from './heap.js'
import type { AdamWStep } from './reference/adam-w.js'
import { attentionGradientScratchLength } from './reference/attention-gradient.js'

/** y [rows, columns] (+)= dy^T x over ragged sequences (reference/weight-gradient.ts). */
export interface WeightGradient {
  readonly y: Ptr
  /** [tokens, rows]. */
  readonly dy: Ptr
  /** x [tokens, columns] from `pack`: inner = tokens, columnStep 1, innerStep = columns. */
  readonly panels: Ptr
  /** int32 [sequences + 1], from 0. */
  readonly offsets: Ptr
  readonly sequences: number
  readonly rows: number
  readonly columns: number
  /** Default `rows`. */
  readonly dyRowStep?: number
  /** Default `columns`. */
  readonly yRowStep?: number
  /** Adds to y instead of writing it. */
  readonly onward: boolean
}

/** y [columns] (+)= sums of the columns of x [tokens, columns] (reference/column-sums.ts). */
export interface ColumnSums {
  readonly y: Ptr
  readonly x: Ptr
  readonly offsets: Ptr
  readonly sequences: number
  readonly columns: number
  readonly onward: boolean
}

/** All [rows, width], gain [width] (reference/layer-norm-gradient.ts). dx and products overlap nothing. */
export interface LayerNormGradient {
  readonly dx: Ptr
  /** Out: what the gain's gradient sums over tokens. */
  readonly products: Ptr
  readonly dy: Ptr
  readonly x: Ptr
  readonly gain: Ptr
  readonly rows: number
  readonly width: number
  readonly epsilon: number
}

/** dx[i] = dy[i] slope(x[i]) (reference/elementwise.ts); dx may be either. */
export interface MapGradient {
  readonly dx: Ptr
  readonly dy: Ptr
  /** gelu: its input. tanh: its output. */
  readonly x: Ptr
  readonly length: number
}

/** Which dropout masks (reference/dropout.ts); `threshold` 0 drops nothing. */
export interface MaskPlaces {
  readonly key: Key
  readonly word2: number
  readonly word3: number
  readonly threshold: number
  readonly scale: number
}

/** Dropout of attention's probabilities. */
export interface AttentionMasks extends MaskPlaces {
  /** uint32 [sequences]. */
  readonly examples: Ptr
}

/** All [tokens, heads * headSize] (reference/attention-gradient.ts). dq, dk and dv overlap nothing. */
export interface AttentionGradient {
  readonly dq: Ptr
  readonly dk: Ptr
  readonly dv: Ptr
  readonly dy: Ptr
  readonly q: Ptr
  readonly k: Ptr
  readonly v: Ptr
  readonly offsets: Ptr
  readonly sequences: number
  readonly heads: number
  readonly headSize: number
  readonly scale: number
  /** attentionGradientScratchBytes(longest sequence, headSize) bytes. */
  readonly scratch: Ptr
  readonly dropout?: AttentionMasks
}

/** y = dropout of x, both [rows, width], may be the same place (reference/dropout.ts). */
export interface Dropout extends MaskPlaces {
  readonly y: Ptr
  readonly x: Ptr
  readonly rows: number
  readonly width: number
  /** uint32 [rows] each: position in the sequence, below 2^16, and example. */
  readonly tokens: Ptr
  readonly examples: Ptr
}

/** table[index[i]] += x[i], rows of f32 in ascending order (reference/embedding.ts). */
export interface ScatterAdd {
  readonly table: Ptr
  readonly x: Ptr
  /** int32 [rows]. */
  readonly index: Ptr
  readonly rows: number
  readonly width: number
  /** A number of a table row that gets nothing; -1: none. */
  readonly skip: number
}

/** All f32 [length]; w, m and v in and out, g only read (reference/adam-w.ts). */
export interface AdamW extends AdamWStep {
  readonly w: Ptr
  readonly g: Ptr
  readonly m: Ptr
  readonly v: Ptr
  readonly length: number
}

export interface TrainingKernels {
  readonly weightGradient: (a: WeightGradient) => void
  readonly columnSums: (a: ColumnSums) => void
  readonly layerNormGradient: (a: LayerNormGradient) => void
  readonly geluGradient: (a: MapGradient) => void
  readonly tanhGradient: (a: MapGradient) => void
  readonly attentionGradient: (a: AttentionGradient) => void
  readonly dropout: (a: Dropout) => void
  readonly scatterAdd: (a: ScatterAdd) => void
  readonly adamW: (a: AdamW) => void
}

/** Bytes of scratch for the gradient of attention over sequences of at most `longest` tokens. */
export const attentionGradientScratchBytes = (longest: number, headSize: number): number =>
  4 * attentionGradientScratchLength(longest, headSize)
