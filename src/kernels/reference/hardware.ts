/** The TypeScript definitions behind the interface of the kernels of hardware-aware training, as kernels.ts is for the others. */
import type { HardwareKernels, TileWeights } from '../hardware.js'
import type { Heap, Ptr } from '../heap.js'
import { clipGradientInto, clipWeightsInto, columnMaximaInto, disturbInto, lineFactorsInto } from './disturbance.js'
import { columnDotsInto, quantiseGradientInto, quantiseInto, straightThroughInto } from './quantiser.js'
import { span } from './span.js'

const { fround } = Math

export const referenceHardwareKernels = (heap: Heap): HardwareKernels => {
  const weights = (at: Ptr, { rows, columns, rowStep }: TileWeights): Float32Array =>
    heap.f32(at, span(columns, rowStep, rows, 1))
  return {
    quantise: ({ rows, width, xRowStep: xRow = width, maxCode, range, unit, ...at }) =>
      quantiseInto(
        heap.f32(at.y, rows * width),
        heap.f32(at.x, span(rows, xRow, width, 1)),
        { rows, width, xRow, scale: fround(maxCode / range), maxCode },
        fround(unit),
      ),
    quantiseGradient: ({ rows, width, xRowStep: xRow = width, maxCode, range, onward, ...at }) =>
      quantiseGradientInto(
        heap.f32(at.dx, span(rows, xRow, width, 1)),
        heap.f32(at.d, rows * width),
        heap.f32(at.x, span(rows, xRow, width, 1)),
        { rows, width, xRow, scale: fround(maxCode / range), maxCode },
        fround(1 / maxCode),
        onward,
      ),
    straightThrough: ({ rows, columns, dyRowStep, residueRowStep, ...at }) =>
      straightThroughInto(
        heap.f32(at.y, rows * columns),
        heap.f32(at.dy, span(rows, dyRowStep, columns, 1)),
        heap.i32(at.residues, span(rows, residueRowStep, columns, 1)),
        columns,
        { dy: dyRowStep, residue: residueRowStep },
      ),
    columnDots: ({ columns, xRowStep, zRowStep, onward, ...at }) => {
      const offsets = heap.i32(at.offsets, at.sequences + 1)
      const tokens = offsets[at.sequences] ?? 0
      columnDotsInto(
        heap.f32(at.y, columns),
        heap.f32(at.x, span(tokens, xRowStep, columns, 1)),
        heap.f32(at.z, span(tokens, zRowStep, columns, 1)),
        offsets,
        { x: xRowStep, z: zRowStep },
        onward,
      )
    },
    columnMaxima: a => columnMaximaInto(heap.f32(a.y, a.columns), weights(a.w, a), a),
    disturb: a =>
      disturbInto(weights(a.y, a), weights(a.w, a), a, {
        ...a,
        fullScales: heap.f32(a.fullScales, a.columns),
        deviations: heap.f32(a.deviations, a.columns),
        table: a.table === 0 ? null : heap.f32(a.table, a.steps + 1),
      }),
    clipGradient: a =>
      clipGradientInto(
        heap.f32(a.y, a.columns),
        weights(a.gradient, a),
        weights(a.w, a),
        a.used === 0 ? null : weights(a.used, a),
        { fullScales: heap.f32(a.fullScales, a.columns), table: a.table === 0 ? null : heap.f32(a.table, a.steps + 1) },
        a,
      ),
    clipWeights: a => clipWeightsInto(weights(a.w, a), a, a.deviations, a.limit),
    lineFactors: a =>
      lineFactorsInto(weights(a.y, a), weights(a.w, a), heap.f32(a.fullScales, a.columns), a, a.load, a.divides),
  }
}
