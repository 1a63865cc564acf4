/**
 * The hot loops, one interface for its three implementations (TypeScript reference, WebAssembly, native), which give
 * the same bits: src/kernels/reference defines each result. Arguments are places on one heap (heap.ts) and sizes in
 * numbers; strides are in numbers too. Nothing is checked here: a wrong place is the caller's fault.
 */
import type { CalibrationKernels } from './calibration.js'
import type { HardwareKernels } from './hardware.js'
import type { Ptr } from './heap.js'
import { attentionScratchLength } from './reference/attention.js'
import { panelsLength } from './reference/product.js'
import type { TileKernels } from './tile.js'
import type { AttentionMasks, TrainingKernels } from './training.js'

/** Packs a matrix for `product` (reference/product.ts). */
export interface Pack {
  /** Out: panelsBytes(inner, columns) bytes. */
  readonly panels: Ptr
  /** f32, element of column j and inner k at j * columnStep + k * innerStep. */
  readonly w: Ptr
  readonly inner: number
  readonly columns: number
  /** Default `inner`: W [columns, inner], as Hugging Face stores a layer. 1 with innerStep = columns: W [inner, columns]. */
  readonly columnStep?: number
  /** Default 1. */
  readonly innerStep?: number
}

/** y [rows, columns] = x [rows, inner] times packed panels, plus bias [columns] (0: none). y overlaps nothing. */
export interface Product {
  readonly y: Ptr
  readonly x: Ptr
  readonly panels: Ptr
  readonly bias: Ptr
  readonly rows: number
  readonly inner: number
  readonly columns: number
  /** Default `inner`. */
  readonly xRowStep?: number
  /** Default 1; with xRowStep 1 and xInnerStep = rows, x is [inner, rows]: a product with its transpose. */
  readonly xInnerStep?: number
  /** Default `columns`. */
  readonly yRowStep?: number
}

/** y = normalised x, both [rows, width], may be the same place; gain and bias [width] (reference/layer-norm.ts). */
export interface LayerNorm {
  readonly y: Ptr
  readonly x: Ptr
  readonly gain: Ptr
  readonly bias: Ptr
  readonly rows: number
  readonly width: number
  readonly epsilon: number
}

/** y = softmax(x * scale) of each row, may be the same place (reference/softmax.ts). */
export interface Softmax {
  readonly y: Ptr
  readonly x: Ptr
  readonly rows: number
  readonly width: number
  /** Step between rows of x and of y; default `width`. */
  readonly rowStep?: number
  readonly scale: number
}

/** y [tokens, heads * headSize] = attention within each sequence (reference/attention.ts). */
export interface Attention {
  readonly y: Ptr
  readonly q: Ptr
  readonly k: Ptr
  readonly v: Ptr
  /** int32 [sequences + 1]: starts of the sequences in rows, and the end of the last. */
  readonly offsets: Ptr
  readonly sequences: number
  readonly heads: number
  readonly headSize: number
  /** Usually 1 / sqrt(headSize). */
  readonly scale: number
  /** Step between rows of q, k and v; default heads * headSize. */
  readonly rowStep?: number
  /** attentionScratchBytes(longest sequence, headSize) bytes. */
  readonly scratch: Ptr
  /** Of the probabilities; default: none. */
  readonly dropout?: AttentionMasks
}

/** y[i] = f(x[i]); y may be x. */
export interface Elementwise {
  readonly y: Ptr
  readonly x: Ptr
  readonly length: number
}

/** y[i] = a[i] + b[i]; y may be either. */
export interface Add {
  readonly y: Ptr
  readonly a: Ptr
  readonly b: Ptr
  readonly length: number
}

/** sine[i], cosine[i] of 2 pi u[i]; either may be u. */
export interface Turn {
  readonly sine: Ptr
  readonly cosine: Ptr
  readonly u: Ptr
  readonly length: number
}

/** y [tokens, width] = (words[ids] + type) + positions[places] (reference/embedding.ts). */
export interface Embed {
  readonly y: Ptr
  /** int32 [tokens], rows of `words`. */
  readonly ids: Ptr
  /** int32 [tokens], rows of `positions`. */
  readonly places: Ptr
  readonly words: Ptr
  readonly positions: Ptr
  /** f32 [width]. */
  readonly type: Ptr
  readonly tokens: number
  readonly width: number
}

/** y [rows, width] = x[index[i]], rows of f32. */
export interface Gather {
  readonly y: Ptr
  readonly x: Ptr
  /** int32 [rows]. */
  readonly index: Ptr
  readonly rows: number
  readonly width: number
}

/** y (one f64) = sum a[i] b[i] of f32 numbers (reference/moments.ts). */
export interface Dot {
  readonly y: Ptr
  readonly a: Ptr
  readonly b: Ptr
  readonly length: number
}

/** Adds rows of x [rows, columns] to the moments of its columns (reference/moments.ts). */
export interface AddMoments {
  /** f64 [columns], in and out. */
  readonly sum: Ptr
  /** f64 [columns], in and out. */
  readonly squares: Ptr
  /** f32 [columns], in and out. */
  readonly absMax: Ptr
  readonly x: Ptr
  readonly rows: number
  readonly columns: number
  /** Default `columns`. */
  readonly rowStep?: number
}

export interface Kernels extends TileKernels, TrainingKernels, HardwareKernels, CalibrationKernels {
  readonly pack: (a: Pack) => void
  readonly product: (a: Product) => void
  readonly layerNorm: (a: LayerNorm) => void
  readonly softmax: (a: Softmax) => void
  readonly attention: (a: Attention) => void
  readonly exp: (a: Elementwise) => void
  readonly log: (a: Elementwise) => void
  readonly erf: (a: Elementwise) => void
  readonly tanh: (a: Elementwise) => void
  readonly gelu: (a: Elementwise) => void
  readonly turn: (a: Turn) => void
  readonly add: (a: Add) => void
  readonly embed: (a: Embed) => void
  readonly gather: (a: Gather) => void
  readonly dot: (a: Dot) => void
  readonly addMoments: (a: AddMoments) => void
}

/** Bytes of the panels of an [inner, columns] matrix. */
export const panelsBytes = (inner: number, columns: number): number => 4 * panelsLength(inner, columns)

/** Bytes of scratch for attention over sequences of at most `longest` tokens. */
export const attentionScratchBytes = (longest: number, headSize: number): number =>
  4 * attentionScratchLength(longest, headSize)
