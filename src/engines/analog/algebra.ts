/**
 * The encoder's operations with linear layers on crossbar tiles; everything else as in the digital engine.
 * Row tiles of a layer are added in binary32 in row order, the bias last.
 */
import type { Batch, EncoderAlgebra } from '../../domain/encoder/algebra.js'
import { digitalRest, parameterOf, type Activation } from '../digital/algebra.js'
import type { Occasion } from '../engine.js'
import type { Workbench } from '../workbench.js'
import type { AnalogLayer, AnalogParameters, ChipSettings, TilePlaces } from './parameters.js'
import { encoded, multiplied, scaledInputs, type EncodedInputs, type NoiseAddresses } from './tile.js'

/** Two numbers a tile: inputs beyond its range, column sums beyond its ADC's. */
export type Counts = Uint32Array

const bytes = 4
/** Rows that go through a tile at once: their codes and sums stay in a core's cache. */
const rowBlock = 256

/** Tiles side by side take the same codes, unless their ranges differ, or which rows they have copies of, or rows are scaled. */
const takesTheSame = (a: TilePlaces, b: TilePlaces): boolean =>
  a.rows.first === b.rows.first &&
  a.inputRange === b.inputRange &&
  a.dynamic === b.dynamic &&
  a.rowCopies.count === 0 &&
  b.rowCopies.count === 0 &&
  a.rowScales === 0 &&
  b.rowScales === 0

/** The same addresses some rows further on. */
const onwards = (a: NoiseAddresses, rows: number): NoiseAddresses => ({
  ...a,
  tokens: a.tokens + bytes * rows,
  examples: a.examples + bytes * rows,
})

/** Positions in their sequences and examples of all tokens, and of all first tokens; on the scratch stack. */
export const noiseAddresses = ({ heap, scratch }: Workbench, batch: Batch, occasion: Occasion) => {
  const [tokens, sequences] = [batch.ids.length, batch.offsets.length - 1]
  const places = (rows: number): NoiseAddresses => ({
    ...{ occasion, output: 'output', vmmRead: 'vmmRead' },
    ...{ tokens: scratch.take(bytes * rows), examples: scratch.take(bytes * rows) },
  })
  const [all, first] = [places(tokens), places(sequences)]
  const views = (a: NoiseAddresses, rows: number) => ({
    tokens: heap.u32(a.tokens, rows),
    examples: heap.u32(a.examples, rows),
  })
  const [every, leading] = [views(all, tokens), views(first, sequences)]
  leading.tokens.fill(0)
  for (let s = 0; s < sequences; s++) {
    const [start, end, example] = [batch.offsets[s] ?? 0, batch.offsets[s + 1] ?? 0, batch.examples[s] ?? 0]
    leading.examples[s] = example
    every.examples.fill(example, start, end)
    for (let i = start; i < end; i++) every.tokens[i] = i - start
  }
  return { all, first }
}

/** One block of rows through a layer's tiles. */
const blockInto = (
  bench: Workbench,
  chip: ChipSettings,
  layer: AnalogLayer,
  [x, y]: readonly [Activation, Activation],
  noise: NoiseAddresses,
  { row, counts }: { readonly row: number; readonly counts: Counts },
): void => {
  const rows = Math.min(rowBlock, x.rows - row)
  const inputs = (tile: TilePlaces): EncodedInputs => {
    const at = x.at + bytes * (row * x.width + tile.rows.first)
    const codes = encoded(bench, chip, tile, scaledInputs(bench, tile, { x: at, rows, xRowStep: x.width }))
    if (codes.nan > 0)
      throw new RangeError(`layer ${layer.name}: expected numbers as inputs, found ${codes.nan} that are not (NaN)`)
    return codes
  }
  let last: { readonly tile: TilePlaces; readonly codes: EncodedInputs } | null = null
  for (const tile of layer.tiles) {
    const codes: EncodedInputs = last !== null && takesTheSame(last.tile, tile) ? last.codes : inputs(tile)
    last = { tile, codes }
    const { first: column } = tile.columns
    const isLast = tile.rows.first + tile.rows.size === layer.inputs
    const saturated = multiplied(
      ...([bench, chip, layer, tile, codes] as const),
      {
        y: y.at + bytes * (row * y.width + column),
        yRowStep: y.width,
        yScale: tile.column.yScale,
        onward: tile.rows.first > 0,
        bias:
          layer.vectors !== null ? tile.column.offsets : isLast && layer.bias !== 0 ? layer.bias + bytes * column : 0,
      },
      onwards(noise, row),
    )
    counts[2 * tile.number] = (counts[2 * tile.number] ?? 0) + codes.clipped
    counts[2 * tile.number + 1] = (counts[2 * tile.number + 1] ?? 0) + saturated
  }
}

/**
 * y [rows, outputs] = what the layer's tiles make of x [rows, inputs].
 * @param counts added to, tile by tile
 * @throws RangeError if an input is NaN: no converter has a code for it
 */
export const layerInto = (
  bench: Workbench,
  chip: ChipSettings,
  layer: AnalogLayer,
  [x, y]: readonly [Activation, Activation],
  noise: NoiseAddresses,
  counts: Counts,
): void => {
  for (let row = 0; row < x.rows; row += rowBlock)
    bench.scratch.within(() => {
      blockInto(bench, chip, layer, [x, y], noise, { row, counts })
    })
}

/**
 * @param batch the sequences all values of this algebra belong to
 * @param counts added to, tile by tile
 */
export const analogAlgebra = (
  bench: Workbench,
  parameters: AnalogParameters,
  batch: Batch,
  occasion: Occasion,
  counts: Counts,
): EncoderAlgebra<Activation> => {
  const tokens = batch.ids.length
  const { all, first } = noiseAddresses(bench, batch, occasion)
  return {
    ...digitalRest(bench, parameters, batch),
    linear: (name, x) => {
      const layer = parameterOf(parameters.layers, name)
      const y = { at: bench.scratch.take(bytes * x.rows * layer.outputs), rows: x.rows, width: layer.outputs }
      layerInto(bench, parameters.chip, layer, [x, y], x.rows === tokens ? all : first, counts)
      return y
    },
  }
}
