/** The words of each call of a kernel of hardware-aware training, in the order of the C struct of the same name (arguments.ts). */
import type { EncodersOf } from './arguments.js'
import type { HardwareKernels, TileWeights } from './hardware.js'

const tile = (a: TileWeights): readonly number[] => [a.w, a.rows, a.columns, a.rowStep]

/** In the order of list.h. */
export const hardwareEncoders: EncodersOf<HardwareKernels> = {
  quantise: ({ u32, f32 }, a) => {
    u32.set([a.y, a.x, a.rows, a.width, a.xRowStep ?? a.width])
    f32.set([a.maxCode / a.range, a.maxCode, a.unit], 5)
  },
  quantiseGradient: ({ u32, f32 }, a) => {
    u32.set([a.dx, a.d, a.x, a.rows, a.width, a.xRowStep ?? a.width, Number(a.onward)])
    f32.set([a.maxCode / a.range, a.maxCode, 1 / a.maxCode], 7)
  },
  straightThrough: ({ u32 }, a) => u32.set([a.y, a.dy, a.residues, a.rows, a.columns, a.dyRowStep, a.residueRowStep]),
  columnDots: ({ u32 }, a) =>
    u32.set([a.y, a.x, a.z, a.offsets, a.sequences, a.columns, a.xRowStep, a.zRowStep, Number(a.onward)]),
  columnMaxima: ({ u32 }, a) => u32.set([...tile(a), a.y]),
  disturb: ({ u32 }, a) => {
    const { key, word2, word3 } = a.noise ?? { key: [0, 0], word2: 0, word3: 0 }
    u32.set([...tile(a), a.y, a.fullScales, a.deviations, a.table, a.steps, Number(a.clips), Number(a.noise !== null)])
    u32.set([a.firstRow, a.firstColumn, ...key, word2, word3], 11)
  },
  clipGradient: ({ u32 }, a) => u32.set([...tile(a), a.y, a.gradient, a.used, a.fullScales, a.table, a.steps]),
  clipWeights: ({ u32, f32, f64 }, a) => {
    f64[0] = a.deviations
    u32.set(tile(a), 2)
    f32[6] = a.limit
  },
  lineFactors: ({ u32, f64 }, a) => {
    f64[0] = a.load
    u32.set([...tile(a), a.y, a.fullScales, a.scratch, Number(a.divides)], 2)
  },
}
