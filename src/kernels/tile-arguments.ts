/**
 * How the tile kernels' arguments travel (arguments.ts): the words of each call in the order of its C struct, an f64 first.
 * Not modelled: checks of them.
 */
import type { EncodersOf } from './arguments.js'
import { squareShift } from './reference/pulse-width.js'
import type { TileKernels } from './tile.js'

/** In the order of TILE_KERNELS in list.h. */
export const tileEncoders: EncodersOf<TileKernels> = {
  encode: ({ u32, f32 }, a) => {
    const shift = squareShift(a.maxCode)
    u32.set([a.codes, a.squares, a.x, a.rows, a.inner, a.xRowStep ?? a.inner, a.maxCode, shift, a.counts])
    f32.set([a.maxCode / a.range, a.range], 9)
    u32.set([a.copies ?? 0, a.copyCount ?? 0], 11)
  },
  packCells: ({ u32 }, { columnStep, innerStep = 1, narrow = false, ...a }) =>
    u32.set([a.panels, a.w, a.inner, a.columns, columnStep ?? a.inner, innerStep, Number(narrow)]),
  vmm: ({ u32 }, a) => u32.set([a.sums, a.codes, a.panels, a.rows, a.inner, a.columns, Number(a.narrow ?? false)]),
  normals: ({ u32 }, a) => u32.set([a.y, a.length, ...a.counter, ...a.key]),
  // Once a tile and block of rows: no copies of its arguments.
  readout: ({ u32, f32 }, a) => {
    const real = Number(a.real ?? false)
    const [k0, k1] = a.output.key
    u32.set([
      a.y,
      a.sums,
      a.rows,
      a.columns,
      a.yRowStep ?? a.columns,
      a.tokens,
      a.examples,
      a.zScale,
      a.yScale,
      a.offset,
    ])
    u32.set([a.bias, a.variances, a.varianceScale, real, Number(a.onward), a.maxCode, k0, k1], 10)
    u32.set([a.output.word2, a.output.word3, a.read.word3, a.counts], 18)
    f32[22] = a.outputNoise
    f32[23] = a.adcScale
    u32[24] = a.residues ?? 0
  },
  readCells: ({ u32, f32, f64 }, { columnStep, rowStep = 1, rowOrder = 0, rounds = 0, ...a }) => {
    f64[0] = a.load
    u32.set([a.cells, a.scales, a.variances, a.varianceScales, a.effective, a.w, a.fullScales, a.model, a.scratch], 2)
    u32.set([a.rows, a.columns, a.firstRow, a.firstColumn, columnStep ?? a.rows, rowStep, a.life.word2], 11)
    u32.set([a.life.word3, a.occasion.word3, ...a.life.key, a.maxCell, a.counts, rowOrder, rounds], 18)
    f32.set([a.logTime, a.readScale], 26)
    u32.set([a.copies ?? 0, a.copyCount ?? 0, a.copiesFirstRow ?? 0], 28)
  },
  ladder: ({ u32, f64 }, a) => {
    f64[0] = a.load
    u32.set([a.u, a.g, a.rows, a.columns], 2)
  },
}
