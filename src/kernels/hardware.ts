/**
 * The kernels of hardware-aware training: what a tile does to inputs and weights in the forward pass, and the way back
 * through it. Conventions as in kernels.ts; src/kernels/reference/{quantiser,disturbance}.ts define each result.
 */
import type { Origin } from '../domain/random/addresses.js'
import type { Ptr } from './heap.js'

/** y [rows, width] = codes of x times `unit`, in binary32 (reference/quantiser.ts). */
export interface Quantise {
  readonly y: Ptr
  readonly x: Ptr
  readonly rows: number
  readonly width: number
  /** Default `width`. */
  readonly xRowStep?: number
  /** 1 to 2047. */
  readonly maxCode: number
  /** Largest |x| that is not clipped. */
  readonly range: number
  readonly unit: number
}

/** From the gradient of quantised inputs to those of the inputs and of their range (reference/quantiser.ts). */
export interface QuantiseGradient {
  /** Gradient of the inputs, rows `xRowStep` apart. */
  readonly dx: Ptr
  /** [rows, width], in: gradient of the quantised inputs; out: what the range's gradient sums. */
  readonly d: Ptr
  readonly x: Ptr
  readonly rows: number
  readonly width: number
  /** Default `width`. */
  readonly xRowStep?: number
  readonly maxCode: number
  readonly range: number
  /** Adds to dx instead of writing it. */
  readonly onward: boolean
}

/** y [rows, columns] = dy where the ADC did not clip, else +0. */
export interface StraightThrough {
  readonly y: Ptr
  readonly dy: Ptr
  /** Of `readout`. */
  readonly residues: Ptr
  readonly rows: number
  readonly columns: number
  readonly dyRowStep: number
  readonly residueRowStep: number
}

/** y [columns] (+)= sums over tokens of x times z, sequence by sequence (reference/column-sums.ts). */
export interface ColumnDots {
  readonly y: Ptr
  readonly x: Ptr
  readonly z: Ptr
  readonly offsets: Ptr
  readonly sequences: number
  readonly columns: number
  readonly xRowStep: number
  readonly zRowStep: number
  readonly onward: boolean
}

/** A tile's weights in a layer's [outputs, inputs]: `columns` runs of `rows` numbers, `rowStep` apart. */
export interface TileWeights {
  readonly w: Ptr
  readonly rows: number
  readonly columns: number
  readonly rowStep: number
}

/** y [columns] = largest |w| of each column. */
export interface ColumnMaxima extends TileWeights {
  readonly y: Ptr
}

/** Clips weights to their full scale, adds noise (reference/disturbance.ts). y as w, but for its place. */
export interface Disturb extends TileWeights {
  readonly y: Ptr
  /** f32 [columns]. */
  readonly fullScales: Ptr
  /** f32 [columns]: the noise's standard deviation, or what the table's numbers are multiplied by. */
  readonly deviations: Ptr
  /** f32 [steps + 1]: deviation over |w| / full scale; 0: constant. */
  readonly table: Ptr
  readonly steps: number
  /** Whether weights are clipped to full scale. */
  readonly clips: boolean
  /** null: no noise. */
  readonly noise: Origin | null
  /** Of the tile's first weight, in the layer. */
  readonly firstRow: number
  readonly firstColumn: number
}

/** The way back through `Disturb`: y [columns] = gradient of each full scale, `gradient` from disturbed weights' to weights'. */
export interface ClipGradient extends TileWeights {
  readonly y: Ptr
  /** In and out, as w. */
  readonly gradient: Ptr
  /** The disturbed weights, if their noise grows with full scale; 0: it does not. */
  readonly used: Ptr
  readonly fullScales: Ptr
  /** That of `Disturb`, with `used`; 0: the noise does not follow the weight. */
  readonly table: Ptr
  readonly steps: number
}

/** Clips w in place: to +-deviations times each column's standard deviation, or if that is 0 to +-limit. */
export interface ClipWeights extends TileWeights {
  readonly deviations: number
  readonly limit: number
}

/** y, as w, times the share u of each cell's current that reaches the ADC, or divided by it (reference/disturbance.ts). */
export interface LineFactors extends TileWeights {
  readonly y: Ptr
  readonly fullScales: Ptr
  /** R g_max. */
  readonly load: number
  readonly divides: boolean
  /** lineScratchBytes(rows) bytes. */
  readonly scratch: Ptr
}

export interface HardwareKernels {
  readonly quantise: (a: Quantise) => void
  readonly quantiseGradient: (a: QuantiseGradient) => void
  readonly straightThrough: (a: StraightThrough) => void
  readonly columnDots: (a: ColumnDots) => void
  readonly columnMaxima: (a: ColumnMaxima) => void
  readonly disturb: (a: Disturb) => void
  readonly clipGradient: (a: ClipGradient) => void
  readonly clipWeights: (a: ClipWeights) => void
  readonly lineFactors: (a: LineFactors) => void
}

/** Bytes of scratch for `lineFactors`: conductances of 16 bit lines in binary32, voltages of both polarities in binary64. */
export const lineScratchBytes = (rows: number): number => (4 + 2 * 8) * 16 * rows
