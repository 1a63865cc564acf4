/**
 * The kernels of an analog tile: pulse-width codes, the exact integer VMM, noise and ADC at the columns, devices,
 * normals. Conventions as in kernels.ts; src/kernels/reference defines each result.
 */
import type { Key } from '../domain/random/philox.js'
import type { Origin } from '../domain/random/addresses.js'
import type { Ptr } from './heap.js'
import { cellsLength, codeStep, paddedColumns } from './reference/vmm.js'

/** codes = pulse-width codes of x [rows, inner] (reference/pulse-width.ts). */
export interface Encode {
  /** Out: int16 [rows, padded inner + copyCount]: codesBytes(rows, inner + copyCount) bytes. */
  readonly codes: Ptr
  /** Out: the squares of the codes, 14 bits, like `codes`; 0: not wanted. */
  readonly squares: Ptr
  readonly x: Ptr
  readonly rows: number
  readonly inner: number
  /** Default `inner`. */
  readonly xRowStep?: number
  /** 1 to 2047. */
  readonly maxCode: number
  /** Largest |x| that is not clipped. */
  readonly range: number
  /**
   * uint32 [copyCount]: inputs that stand on one more row each, ascending; the codes of those rows come after the others.
   * An input on n rows is clipped beyond n ranges. Default 0: none.
   */
  readonly copies?: Ptr
  readonly copyCount?: number
  /** Out: uint32 [2], inputs beyond the range and inputs that are NaN, of this call. */
  readonly counts: Ptr
}

/** Packs int16 cells for `vmm` (reference/vmm.ts). */
export interface PackCells {
  /** Out: cellsBytes(inner, columns, narrow) bytes. */
  readonly panels: Ptr
  /** int16, cell of column j and inner k at j * columnStep + k * innerStep. */
  readonly w: Ptr
  readonly inner: number
  readonly columns: number
  /** Default `inner`. */
  readonly columnStep?: number
  /** Default 1. */
  readonly innerStep?: number
  /** Packs the lower bytes, unsigned. Default false. */
  readonly narrow?: boolean
}

/** sums = codes times cells, or squares times variances. */
export interface Vmm {
  /** Out: int32 [rows, padded columns]: sumsBytes(rows, columns) bytes. */
  readonly sums: Ptr
  readonly codes: Ptr
  readonly panels: Ptr
  readonly rows: number
  readonly inner: number
  readonly columns: number
  /** Panels of unsigned bytes. Default false. */
  readonly narrow?: boolean
}

/** y [length] from consecutive counters (reference/normal.ts). */
export interface Normals {
  readonly y: Ptr
  readonly length: number
  readonly counter: readonly [number, number, number, number]
  readonly key: Key
}

/** A tile's share of the layer's output y [rows, columns] (reference/readout.ts). */
export interface Readout {
  readonly y: Ptr
  /** int32, or binary32 if `real`, [rows, padded columns]. */
  readonly sums: Ptr
  readonly real?: boolean
  readonly rows: number
  readonly columns: number
  /** Default `columns`. */
  readonly yRowStep?: number
  /** f32 [padded columns]: from a sum to units of full scale times range. */
  readonly zScale: Ptr
  /** f32 [padded columns]: from an ADC code, or from z if the ADC is off, to y. */
  readonly yScale: Ptr
  /** f32 [padded columns]; 0: none. */
  readonly offset: Ptr
  /** f32 [columns], added last; 0: none. */
  readonly bias: Ptr
  /** Adds to y instead of writing it. */
  readonly onward: boolean
  /** Of the ADC; 0: off. */
  readonly maxCode: number
  /** maxCode / bound. */
  readonly adcScale: number
  /** Standard deviation of the noise on z; 0: none. */
  readonly outputNoise: number
  /** Address of the output noise, and of the read noise per VMM. */
  readonly output: Origin
  readonly read: Origin
  /** uint32 [rows] each: position in the sequence, below 2^16, and example. */
  readonly tokens: Ptr
  readonly examples: Ptr
  /** int32 [rows, padded columns]: squares times variances; 0: no read noise per VMM. */
  readonly variances: Ptr
  /** f32 [padded columns]: from such a sum to the variance of z. */
  readonly varianceScale: Ptr
  /** Out: uint32, column sums beyond the ADC's range, of this call. */
  readonly counts: Ptr
  /** Out: f32 [rows, padded columns], may be `sums`: what training takes of the rounding; default 0: not wanted. */
  readonly residues?: Ptr
}

/** Programs, drifts and reads a tile's devices (reference/cells.ts). */
export interface ReadCells {
  /** Out: cellsBytes(rows, columns, false) bytes; 0: not wanted. */
  readonly cells: Ptr
  /** Out: f32 [padded columns], the value of a cell of 1, in units of full scale. */
  readonly scales: Ptr
  /** Out: cellsBytes(rows, columns, true) bytes; 0: read noise per read. Else per VMM: the cells hold none. */
  readonly variances: Ptr
  /** Out: f32 [padded columns], the value of a variance of 1. */
  readonly varianceScales: Ptr
  /** Out: panelsBytes(rows, columns) bytes for `product`: the cells before the integer grid; 0: not wanted. */
  readonly effective: Ptr
  /** f32, weight of column j and row i at j * columnStep + i * rowStep. */
  readonly w: Ptr
  /** Default `rows`. */
  readonly columnStep?: number
  /** Default 1. */
  readonly rowStep?: number
  /** f32 [padded columns]: c_j; 0: a column of zeros. */
  readonly fullScales: Ptr
  /** From writeDeviceLaws (reference/law.ts). */
  readonly model: Ptr
  /** s_drift ln(t / t_0), at least 0. */
  readonly logTime: number
  /** s_read sqrt(ln((t + t_read) / (2 t_read))). */
  readonly readScale: number
  /** R g_max (ohm times siemens); 0: no IR drop. */
  readonly load: number
  /** uint32 [rows]: the row at each place of the bit lines, the ADC's last; default 0: in their own order. */
  readonly rowOrder?: Ptr
  /** Of pre-distortion against the IR drop; default 0: targets are the weights. */
  readonly rounds?: number
  /** Of devices: those of the tile's rows, then those of the copies. */
  readonly rows: number
  readonly columns: number
  /** Of the tile's first cell, in the layer. */
  readonly firstRow: number
  readonly firstColumn: number
  /** uint32 [copyCount]: the row whose weights each of the last rows holds; default 0: none. */
  readonly copies?: Ptr
  readonly copyCount?: number
  /** Of the first copy, in the addresses of devices. */
  readonly copiesFirstRow?: number
  readonly life: Origin
  readonly occasion: Origin
  /** largestCell(rows, maxCode of the DAC). */
  readonly maxCell: number
  /** readCellsScratchBytes(rows) bytes. */
  readonly scratch: Ptr
  /** Out: uint32, weights beyond their full scale. */
  readonly counts: Ptr
}

/** u of bit lines g, both [padded columns / 16][rows][16], f64 and f32 (reference/ladder.ts). */
export interface Ladder {
  readonly u: Ptr
  readonly g: Ptr
  readonly rows: number
  readonly columns: number
  /** R g for g = 1. */
  readonly load: number
}

export interface TileKernels {
  readonly encode: (a: Encode) => void
  readonly packCells: (a: PackCells) => void
  readonly vmm: (a: Vmm) => void
  readonly normals: (a: Normals) => void
  readonly readout: (a: Readout) => void
  readonly readCells: (a: ReadCells) => void
  readonly ladder: (a: Ladder) => void
}

/** Bytes of the codes, or of their squares, of [rows, inner] inputs. */
export const codesBytes = (rows: number, inner: number): number => 2 * rows * codeStep(inner)

/** Bytes of the packed cells of an [inner, columns] tile; of its variances if narrow. */
export const cellsBytes = (inner: number, columns: number, narrow: boolean): number =>
  (narrow ? 1 : 2) * cellsLength(inner, columns)

/** Bytes of [rows, padded columns] sums. */
export const sumsBytes = (rows: number, columns: number): number => 4 * rows * paddedColumns(columns)

/** Bytes of scratch for readCells: five panels in binary32, one in binary64. */
export const readCellsScratchBytes = (rows: number): number => 7 * 4 * 16 * rows
