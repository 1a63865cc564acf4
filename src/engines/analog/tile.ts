/**
 * One tile at work: codes of its inputs, the VMM, noise and ADC at its columns (DESIGN: "one tile, step by step").
 * Not here: how its cells came to be (readTile.ts), the layer it is part of (algebra.ts).
 */
import { noiseOrigin, type NoisePurpose } from '../../domain/random/addresses.js'
import type { Ptr } from '../../kernels/heap.js'
import { paddedColumns } from '../../kernels/reference/vmm.js'
import { codesBytes, sumsBytes } from '../../kernels/tile.js'
import type { Occasion } from '../engine.js'
import type { Workbench } from '../workbench.js'
import { varianceCodes, type AnalogLayer, type ChipSettings, type TilePlaces } from './parameters.js'

/** Rows of a layer's input on the heap, from a tile's first row on. */
export interface TileInputs {
  readonly x: Ptr
  readonly rows: number
  readonly xRowStep: number
}

/** Inputs as a tile takes them; on the scratch stack. */
export interface EncodedInputs extends TileInputs {
  /** 0: the DAC is ideal. */
  readonly codes: Ptr
  /** 0: no read noise per VMM. */
  readonly squares: Ptr
  /** Inputs beyond the range. */
  readonly clipped: number
  /** Inputs that are no numbers. */
  readonly nan: number
}

/** Codes of inputs for tiles with these rows and this range. */
export const encoded = (
  { heap, kernels, scratch }: Workbench,
  { converters }: Pick<ChipSettings, 'converters'>,
  { rows: { size }, inputRange }: Pick<TilePlaces, 'rows' | 'inputRange'>,
  inputs: TileInputs,
): EncodedInputs => {
  const { x, rows, xRowStep } = inputs
  const { dacMaxCode, perVmm } = converters
  if (dacMaxCode === 0 && !perVmm) return { ...inputs, codes: 0, squares: 0, clipped: 0, nan: 0 }
  const { maxCode, rangeFactor } = varianceCodes(converters)
  const codes = scratch.take(codesBytes(rows, size))
  const squares = perVmm ? scratch.take(codesBytes(rows, size)) : 0
  const counts = scratch.take(8)
  const range = inputRange * rangeFactor
  kernels.encode({ codes, squares, x, rows, inner: size, xRowStep, counts, maxCode, range })
  const [clipped = 0, nan = 0] = heap.u32(counts, 2)
  return { ...inputs, codes: dacMaxCode === 0 ? 0 : codes, squares, clipped: dacMaxCode === 0 ? 0 : clipped, nan }
}

export interface TileOutputs {
  /** f32 [rows, yRowStep], from the tile's first column on. */
  readonly y: Ptr
  readonly yRowStep: number
  /** f32 [padded columns]: from an ADC code, or from z if the ADC is off, to y. */
  readonly yScale: Ptr
  /** f32 [columns], added last; 0: none. */
  readonly bias: Ptr
  /** Adds to y instead of writing it. */
  readonly onward: boolean
}

/** Who the noise at the columns belongs to. */
export interface NoiseAddresses {
  readonly occasion: Occasion
  readonly output: NoisePurpose
  readonly vmmRead: NoisePurpose
  /** uint32 [rows] each: position in the sequence, and example. */
  readonly tokens: Ptr
  readonly examples: Ptr
}

/** The tile's share of the layer's output. @returns column sums beyond the ADC's range. */
export const multiplied = (
  { heap, kernels, scratch }: Workbench,
  { converters, seed }: ChipSettings,
  layer: Pick<AnalogLayer, 'number'>,
  tile: TilePlaces,
  inputs: EncodedInputs,
  outputs: TileOutputs,
  noise: NoiseAddresses,
): number =>
  scratch.within(() => {
    const { adcMaxCode, adcBound, dacMaxCode, outputNoise, perVmm } = converters
    const [{ rows }, inner, columns] = [inputs, tile.rows.size, tile.columns.size]
    const sums = scratch.take(sumsBytes(rows, columns))
    if (dacMaxCode === 0)
      kernels.product({
        ...{ y: sums, yRowStep: paddedColumns(columns), panels: tile.cells, bias: 0, rows, inner, columns },
        ...{ x: inputs.x, xRowStep: inputs.xRowStep },
      })
    else kernels.vmm({ sums, codes: inputs.codes, panels: tile.cells, rows, inner, columns })
    const variances = perVmm ? scratch.take(sumsBytes(rows, columns)) : 0
    if (perVmm)
      kernels.vmm({
        ...{ sums: variances, codes: inputs.squares, panels: tile.variances, rows, inner, columns },
        narrow: true,
      })
    const { chip, read } = noise.occasion
    const at = { seed, chip, read, layer: layer.number, tile: tile.index }
    const counts = scratch.take(4)
    // One literal without spreads: copying these many fields costs as much as a small tile's product.
    kernels.readout({
      y: outputs.y,
      yRowStep: outputs.yRowStep,
      sums,
      real: dacMaxCode === 0,
      rows,
      columns,
      zScale: tile.column.zScale,
      yScale: outputs.yScale,
      offset: 0,
      bias: outputs.bias,
      onward: outputs.onward,
      maxCode: adcMaxCode,
      adcScale: adcMaxCode / adcBound,
      outputNoise,
      output: noiseOrigin(noise.output, at),
      read: noiseOrigin(noise.vmmRead, at),
      tokens: noise.tokens,
      examples: noise.examples,
      variances,
      varianceScale: tile.column.zVarianceScale,
      counts,
    })
    return heap.u32(counts, 1)[0] ?? 0
  })
