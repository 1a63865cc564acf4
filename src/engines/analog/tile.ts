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
import {
  deviceRows,
  rowPlaces,
  varianceCodes,
  type AnalogLayer,
  type ChipSettings,
  type ColumnBlock,
  type SpareBlock,
  type TilePlaces,
} from './parameters.js'

const { fround } = Math

/** Rows of a layer's input on the heap, from a tile's first row on. */
export interface TileInputs {
  readonly x: Ptr
  readonly rows: number
  readonly xRowStep: number
}

/** Inputs as a tile takes them; on the scratch stack. */
export interface EncodedInputs extends TileInputs {
  /** f32 [rows], where every vector has a range of its own: what stands for it; 0: it is the tile's. */
  readonly ranges: Ptr
  /** 0: the DAC is ideal. */
  readonly codes: Ptr
  /** 0: no read noise per VMM. */
  readonly squares: Ptr
  /** Inputs beyond the range. */
  readonly clipped: number
  /** Inputs that are no numbers. */
  readonly nan: number
}

/** Each vector over its largest magnitude, on the scratch stack; one that holds only zeros, or a NaN, as it is. */
const normalised = (
  { heap, scratch }: Workbench,
  { x, rows, xRowStep }: TileInputs,
  size: number,
): TileInputs & { readonly ranges: Ptr } => {
  const [ranges, scaled] = [scratch.take(4 * rows), scratch.take(4 * rows * size)]
  const of = heap.f32(ranges, rows)
  for (let r = 0; r < rows; r++) {
    const [from, to] = [heap.f32(x + 4 * r * xRowStep, size), heap.f32(scaled + 4 * r * size, size)]
    let most = 0
    for (let i = 0; i < size; i++) most = Math.max(most, Math.abs(from[i] ?? NaN))
    const range = most > 0 ? most : 1
    of[r] = range
    for (let i = 0; i < size; i++) to[i] = (from[i] ?? NaN) / range
  }
  return { x: scaled, rows, xRowStep: size, ranges }
}

/** Inputs of an ideal DAC, an equal share of each on every row that it stands on: f32 [rows, rows of devices], on the scratch stack. */
const shared = ({ heap, scratch }: Workbench, { x, rows, xRowStep }: TileInputs, tile: EncodedFor): TileInputs => {
  const [size, devices, places] = [tile.rows.size, deviceRows(tile), rowPlaces(heap, tile)]
  const owners = heap.u32(tile.rowCopies.at, tile.rowCopies.count)
  const at = scratch.take(4 * rows * devices)
  for (let r = 0; r < rows; r++) {
    const [from, to] = [heap.f32(x + 4 * r * xRowStep, size), heap.f32(at + 4 * r * devices, devices)]
    for (let i = 0; i < size; i++) to[i] = (from[i] ?? NaN) / (places[i] ?? NaN)
    owners.forEach((i, k) => (to[size + k] = to[i] ?? NaN))
  }
  return { x: at, rows, xRowStep: devices }
}

/** Each input over its row's factor, in binary32, on the scratch stack; as they are where rows are not scaled. */
export const scaledInputs = (
  { heap, scratch }: Pick<Workbench, 'heap' | 'scratch'>,
  { rows: { size }, rowScales }: Pick<TilePlaces, 'rows' | 'rowScales'>,
  inputs: TileInputs,
): TileInputs => {
  if (rowScales === 0) return inputs
  const { x, rows, xRowStep } = inputs
  const at = scratch.take(4 * rows * size)
  const scales = heap.f32(rowScales, size)
  for (let r = 0; r < rows; r++) {
    const [from, to] = [heap.f32(x + 4 * r * xRowStep, size), heap.f32(at + 4 * r * size, size)]
    for (let i = 0; i < size; i++) to[i] = (from[i] ?? NaN) / (scales[i] ?? NaN)
  }
  return { x: at, rows, xRowStep: size }
}

/** What codes depend on. */
type EncodedFor = Pick<TilePlaces, 'rows' | 'rowCopies' | 'inputRange' | 'dynamic'>

/** Codes of inputs, over their rows' factors (`scaledInputs`), for tiles with these rows and this range. */
export const encoded = (
  bench: Workbench,
  { converters }: Pick<ChipSettings, 'converters'>,
  tile: EncodedFor,
  given: TileInputs,
): EncodedInputs => {
  const { heap, kernels, scratch } = bench
  const { inputRange, dynamic, rowCopies } = tile
  const [size, devices] = [tile.rows.size, deviceRows(tile)]
  const inputs = dynamic ? normalised(bench, given, size) : { ...given, ranges: 0 }
  const { x, rows, xRowStep } = inputs
  const { dacMaxCode, perVmm } = converters
  const taken = dacMaxCode === 0 && rowCopies.count > 0 ? { ...inputs, ...shared(bench, inputs, tile) } : inputs
  if (dacMaxCode === 0 && !perVmm) return { ...taken, codes: 0, squares: 0, clipped: 0, nan: 0 }
  const { maxCode, rangeFactor } = varianceCodes(converters)
  const codes = scratch.take(codesBytes(rows, devices))
  const squares = perVmm ? scratch.take(codesBytes(rows, devices)) : 0
  const counts = scratch.take(8)
  const range = inputRange * rangeFactor
  const copies = { copies: rowCopies.at, copyCount: rowCopies.count }
  kernels.encode({ codes, squares, x, rows, inner: size, xRowStep, counts, maxCode, range, ...copies })
  const [clipped = 0, nan = 0] = heap.u32(counts, 2)
  return { ...taken, codes: dacMaxCode === 0 ? 0 : codes, squares, clipped: dacMaxCode === 0 ? 0 : clipped, nan }
}

export interface TileOutputs {
  /** f32 [rows, yRowStep], from the tile's first column on. */
  readonly y: Ptr
  readonly yRowStep: number
  /** f32 [padded columns]: from an ADC code, or from z if the ADC is off, to y. */
  readonly yScale: Ptr
  /** f32 [columns], added after the columns, before copies of them; 0: none. */
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

/** What columns side by side give. @returns column sums beyond the ADC's range. */
export const blockOutputs = (
  { heap, kernels, scratch }: Workbench,
  { converters, seed }: ChipSettings,
  layer: Pick<AnalogLayer, 'number'>,
  tile: ColumnBlock,
  inputs: EncodedInputs,
  outputs: TileOutputs,
  noise: NoiseAddresses,
): number =>
  scratch.within(() => {
    const { adcMaxCode, adcBound, dacMaxCode, outputNoise, perVmm } = converters
    const [{ rows }, inner, columns] = [inputs, deviceRows(tile), tile.columns.size]
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

/** y [rows, yRowStep] = (or +=) each vector's range times x [rows, columns], then the bias. */
const rescaled = (
  { heap }: Workbench,
  x: Ptr,
  { rows, ranges }: EncodedInputs,
  columns: number,
  { y, yRowStep, bias, onward }: TileOutputs,
): void => {
  const of = heap.f32(ranges, rows)
  const shift = bias === 0 ? null : heap.f32(bias, columns)
  for (let r = 0; r < rows; r++) {
    const [from, to] = [heap.f32(x + 4 * r * columns, columns), heap.f32(y + 4 * r * yRowStep, columns)]
    const range = of[r] ?? NaN
    for (let j = 0; j < columns; j++) {
      let value = fround(range * (from[j] ?? NaN))
      if (onward) value = fround((to[j] ?? NaN) + value)
      to[j] = shift === null ? value : value + (shift[j] ?? NaN)
    }
  }
}

/** What the copies of columns give, added to what their columns gave. */
const addCopies = (
  { heap }: Workbench,
  x: Ptr,
  { owners }: SpareBlock,
  rows: number,
  { y, yRowStep }: Pick<TileOutputs, 'y' | 'yRowStep'>,
): void => {
  const count = owners.length
  const from = heap.f32(x, rows * count)
  const to = heap.f32(y, (rows - 1) * yRowStep + 1 + Math.max(...owners))
  for (let r = 0; r < rows; r++)
    for (let k = 0; k < count; k++) {
      const at = r * yRowStep + (owners[k] ?? NaN)
      to[at] = (to[at] ?? NaN) + (from[r * count + k] ?? NaN)
    }
}

/**
 * The tile's share of the layer's output. Each operation is rounded to binary32: the columns (with ranges of the vectors:
 * times them), what was there before, the bias, then the copies of columns in their order.
 * @param spareScale as `yScale`, of the spare columns
 * @returns column sums beyond the ADC's range
 */
export const multiplied = (
  bench: Workbench,
  chip: ChipSettings,
  layer: Pick<AnalogLayer, 'number'>,
  tile: TilePlaces,
  inputs: EncodedInputs,
  outputs: TileOutputs,
  noise: NoiseAddresses,
  spareScale: Ptr = tile.spare?.column.yScale ?? 0,
): number => {
  const { scratch } = bench
  const { spare } = tile
  if (spare === null && !tile.dynamic) return blockOutputs(bench, chip, layer, tile, inputs, outputs, noise)
  return scratch.within(() => {
    const { rows } = inputs
    const apart = (block: ColumnBlock, yScale: Ptr): { readonly at: Ptr; readonly saturated: number } => {
      const at = scratch.take(4 * rows * block.columns.size)
      const to = { y: at, yRowStep: block.columns.size, yScale, bias: 0, onward: false }
      return { at, saturated: blockOutputs(bench, chip, layer, block, inputs, to, noise) }
    }
    let saturated = 0
    if (tile.dynamic) {
      const own = apart(tile, outputs.yScale)
      saturated += own.saturated
      rescaled(bench, own.at, inputs, tile.columns.size, outputs)
    } else saturated += blockOutputs(bench, chip, layer, tile, inputs, outputs, noise)
    if (spare === null) return saturated
    const copies = apart(spare, spareScale)
    const to = { y: copies.at, yRowStep: spare.columns.size, yScale: 0, bias: 0, onward: false }
    if (tile.dynamic) rescaled(bench, copies.at, inputs, spare.columns.size, to)
    addCopies(bench, copies.at, spare, rows, outputs)
    return saturated + copies.saturated
  })
}
