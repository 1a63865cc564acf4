/** The TypeScript definitions behind the interface of the training kernels, as kernels.ts is for the others. */
import type { Heap } from '../heap.js'
import type { AttentionMasks, MapGradient, TrainingKernels } from '../training.js'
import { adamWInto } from './adam-w.js'
import { attentionGradientInto, attentionGradientScratchLength } from './attention-gradient.js'
import type { AttentionDropout } from './attention.js'
import { columnSumsInto } from './column-sums.js'
import { dropoutInto } from './dropout.js'
import { geluSlope, mapGradientInto, tanhSlope } from './elementwise.js'
import { scatterAddInto } from './embedding.js'
import { layerNormGradientInto } from './layer-norm-gradient.js'
import { panelsLength } from './product.js'
import { weightGradientInto } from './weight-gradient.js'

const max = (numbers: Int32Array): number => numbers.reduce((a, b) => (b > a ? b : a), -1)

/** Masks with their examples seen on the heap. */
export const dropoutOf = (heap: Heap, sequences: number, masks: AttentionMasks | undefined): AttentionDropout | null =>
  masks === undefined ? null : { masks, examples: heap.u32(masks.examples, sequences) }

export const referenceTrainingKernels = (heap: Heap): TrainingKernels => {
  const map =
    (slope: (x: number) => number) =>
    (a: MapGradient): void =>
      mapGradientInto(heap.f32(a.dx, a.length), heap.f32(a.dy, a.length), heap.f32(a.x, a.length), slope)
  return {
    weightGradient: ({ rows, columns, dyRowStep = rows, yRowStep = columns, onward, ...at }) => {
      const offsets = heap.i32(at.offsets, at.sequences + 1)
      const tokens = offsets[at.sequences] ?? 0
      weightGradientInto(
        heap.f32(at.y, (rows - 1) * yRowStep + columns),
        heap.f32(at.dy, tokens === 0 ? 0 : (tokens - 1) * dyRowStep + rows),
        heap.f32(at.panels, panelsLength(tokens, columns)),
        offsets,
        { rows, columns, dyRow: dyRowStep, yRow: yRowStep, onward },
      )
    },
    columnSums: ({ columns, onward, ...at }) => {
      const offsets = heap.i32(at.offsets, at.sequences + 1)
      const x = heap.f32(at.x, (offsets[at.sequences] ?? 0) * columns)
      columnSumsInto(heap.f32(at.y, columns), x, offsets, onward)
    },
    layerNormGradient: ({ rows, width, epsilon, ...at }) =>
      layerNormGradientInto(
        heap.f32(at.dx, rows * width),
        heap.f32(at.products, rows * width),
        heap.f32(at.dy, rows * width),
        heap.f32(at.x, rows * width),
        heap.f32(at.gain, width),
        rows,
        epsilon,
      ),
    geluGradient: map(geluSlope),
    tanhGradient: map(tanhSlope),
    attentionGradient: ({ heads, headSize, scale, sequences, dropout, ...at }) => {
      const offsets = heap.i32(at.offsets, sequences + 1)
      const tokens = offsets[sequences] ?? 0
      const longest = max(offsets.slice(1).map((end, s) => end - (offsets[s] ?? 0)))
      const all = (from: number): Float32Array => heap.f32(from, tokens * heads * headSize)
      attentionGradientInto(
        { q: all(at.dq), k: all(at.dk), v: all(at.dv) },
        all(at.dy),
        { q: all(at.q), k: all(at.k), v: all(at.v) },
        offsets,
        { heads, headSize, scale },
        heap.f32(at.scratch, attentionGradientScratchLength(Math.max(0, longest), headSize)),
        dropoutOf(heap, sequences, dropout),
      )
    },
    dropout: ({ rows, width, ...at }) =>
      dropoutInto(
        heap.f32(at.y, rows * width),
        heap.f32(at.x, rows * width),
        width,
        heap.u32(at.tokens, rows),
        heap.u32(at.examples, rows),
        at,
      ),
    scatterAdd: ({ rows, width, skip, ...at }) => {
      const index = heap.i32(at.index, rows)
      scatterAddInto(heap.f32(at.table, (max(index) + 1) * width), heap.f32(at.x, rows * width), index, width, skip)
    },
    adamW: ({ length, ...a }) =>
      adamWInto(heap.f32(a.w, length), heap.f32(a.g, length), heap.f32(a.m, length), heap.f32(a.v, length), a),
  }
}
