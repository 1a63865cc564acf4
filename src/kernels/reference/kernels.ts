/**
 * The TypeScript definitions behind the interface of the fast kernels: slow, always there, right by definition.
 * Not modelled: speed.
 */
import type { Heap } from '../heap.js'
import type { Elementwise, Kernels } from '../kernels.js'
import { attentionInto, attentionScratchLength } from './attention.js'
import { addInto, gelu, mapInto, turnInto } from './elementwise.js'
import { embedInto, gatherInto } from './embedding.js'
import { erf } from './error-function.js'
import { exp } from './exponential.js'
import { tanh } from './hyperbolic-tangent.js'
import { referenceHardwareKernels } from './hardware.js'
import { layerNormInto } from './layer-norm.js'
import { log } from './logarithm.js'
import { addMomentsInto, dot } from './moments.js'
import { packInto, panelsLength, productInto } from './product.js'
import { softmaxInto } from './softmax.js'
import { span } from './span.js'
import { referenceCalibrationKernels } from './summaries.js'
import { referenceTileKernels } from './tile.js'
import { dropoutOf, referenceTrainingKernels } from './training.js'

const max = (numbers: Int32Array): number => numbers.reduce((a, b) => (b > a ? b : a), -1)

export const referenceKernels = (heap: Heap): Kernels => {
  const map =
    (f: (x: number) => number) =>
    (a: Elementwise): void =>
      mapInto(heap.f32(a.y, a.length), heap.f32(a.x, a.length), f)
  return {
    ...referenceTileKernels(heap),
    ...referenceTrainingKernels(heap),
    ...referenceHardwareKernels(heap),
    ...referenceCalibrationKernels(heap),
    pack: ({ panels, w, inner, columns, columnStep = inner, innerStep = 1 }) =>
      packInto(
        heap.f32(panels, panelsLength(inner, columns)),
        heap.f32(w, span(columns, columnStep, inner, innerStep)),
        inner,
        columns,
        { row: columnStep, inner: innerStep },
      ),
    product: ({ rows, inner, columns, xRowStep = inner, xInnerStep = 1, yRowStep = columns, ...at }) =>
      productInto(
        heap.f32(at.y, span(rows, yRowStep, columns, 1)),
        heap.f32(at.x, span(rows, xRowStep, inner, xInnerStep)),
        heap.f32(at.panels, panelsLength(inner, columns)),
        at.bias === 0 ? null : heap.f32(at.bias, columns),
        { rows, inner, columns },
        { row: xRowStep, inner: xInnerStep },
        yRowStep,
      ),
    layerNorm: ({ rows, width, epsilon, ...at }) =>
      layerNormInto(
        heap.f32(at.y, rows * width),
        heap.f32(at.x, rows * width),
        heap.f32(at.gain, width),
        heap.f32(at.bias, width),
        rows,
        width,
        epsilon,
      ),
    softmax: ({ rows, width, rowStep = width, scale, ...at }) =>
      softmaxInto(
        heap.f32(at.y, span(rows, rowStep, width, 1)),
        heap.f32(at.x, span(rows, rowStep, width, 1)),
        rows,
        width,
        rowStep,
        scale,
      ),
    attention: ({ heads, headSize, scale, rowStep = heads * headSize, ...at }) => {
      const offsets = heap.i32(at.offsets, at.sequences + 1)
      const tokens = offsets[at.sequences] ?? 0
      const longest = max(offsets.slice(1).map((end, s) => end - (offsets[s] ?? 0)))
      const rows = (from: number): Float32Array => heap.f32(from, span(tokens, rowStep, heads * headSize, 1))
      attentionInto(
        heap.f32(at.y, tokens * heads * headSize),
        rows(at.q),
        rows(at.k),
        rows(at.v),
        offsets,
        { heads, headSize, scale, row: rowStep },
        heap.f32(at.scratch, attentionScratchLength(Math.max(0, longest), headSize)),
        dropoutOf(heap, at.sequences, at.dropout),
      )
    },
    exp: map(exp),
    log: map(log),
    erf: map(erf),
    tanh: map(tanh),
    gelu: map(gelu),
    turn: ({ length, ...at }) =>
      turnInto(heap.f32(at.sine, length), heap.f32(at.cosine, length), heap.f32(at.u, length)),
    add: ({ length, ...at }) => addInto(heap.f32(at.y, length), heap.f32(at.a, length), heap.f32(at.b, length)),
    embed: ({ tokens, width, ...at }) => {
      const ids = heap.i32(at.ids, tokens)
      const places = heap.i32(at.places, tokens)
      embedInto(heap.f32(at.y, tokens * width), ids, places, {
        words: heap.f32(at.words, (max(ids) + 1) * width),
        positions: heap.f32(at.positions, (max(places) + 1) * width),
        type: heap.f32(at.type, width),
      })
    },
    gather: ({ rows, width, ...at }) => {
      const index = heap.i32(at.index, rows)
      gatherInto(heap.f32(at.y, rows * width), heap.f32(at.x, (max(index) + 1) * width), index, width)
    },
    dot: ({ length, ...at }) => {
      heap.f64(at.y, 1)[0] = dot(heap.f32(at.a, length), heap.f32(at.b, length))
    },
    addMoments: ({ rows, columns, rowStep = columns, ...at }) =>
      addMomentsInto(
        {
          sum: heap.f64(at.sum, columns),
          squares: heap.f64(at.squares, columns),
          absMax: heap.f32(at.absMax, columns),
        },
        heap.f32(at.x, span(rows, rowStep, columns, 1)),
        rows,
        rowStep,
      ),
  }
}
