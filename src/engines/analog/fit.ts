/**
 * Compensations with an offset, fitted on calibration vectors of the layer, each weighted by how much the logits feel an
 * error there: `affine`, on what the tile gives for them now, through DAC, devices, noise and ADC; `moments`, on what it
 * is expected to give, from the exact moments of the devices behind their wires, without a measurement.
 * Not modelled: the spread of what wires let through, in `moments`.
 */
import { addToFit, fitSums, fittedLines, type Line } from '../../domain/crossbar/affine-compensation.js'
import { decode, encode } from '../../domain/crossbar/converter.js'
import { pairsInto, pairsOf } from '../../domain/ranges/pairs.js'
import type { Ptr } from '../../kernels/heap.js'
import { panelsBytes } from '../../kernels/kernels.js'
import type { Workbench } from '../workbench.js'
import { pairsOnTile } from './moments.js'
import { averagedIn, rowPlaces, type ChipSettings, type TilePlaces, type VectorPlaces } from './parameters.js'
import type { LayerOfTile, TileReading } from './readTile.js'
import { encoded, multiplied, scaledInputs } from './tile.js'

/** What a fit looks at: f32 [vectors, columns] each, on the scratch stack. */
interface Outputs {
  readonly analog: Ptr
  /** Variance of `analog`; 0: it is measured. */
  readonly variance: Ptr
}

/** y [vectors, columns] of a matrix f32 [columns, rows], its columns `columnStep` apart; on the scratch stack. */
const product = (
  { kernels, scratch }: Workbench,
  vectors: number,
  x: { readonly at: Ptr; readonly rowStep: number },
  w: { readonly at: Ptr; readonly columnStep: number },
  { rows, columns }: TilePlaces,
): Ptr => {
  const [inner, width] = [rows.size, columns.size]
  const y = scratch.take(4 * vectors * width)
  scratch.within(() => {
    const panels = scratch.take(panelsBytes(inner, width))
    kernels.pack({ panels, w: w.at, inner, columns: width, columnStep: w.columnStep })
    kernels.product({ y, x: x.at, xRowStep: x.rowStep, panels, bias: 0, rows: vectors, inner, columns: width })
  })
  return y
}

/** What the tile gives, with the factors at its columns as they stand there. */
const measured = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  { occasion }: TileReading,
  vectors: VectorPlaces,
): Outputs => {
  const { heap, scratch } = bench
  const rows = vectors.count
  const analog = scratch.take(4 * rows * tile.columns.size)
  scratch.within(() => {
    const [tokens, examples] = [scratch.take(4 * rows), scratch.take(4 * rows)]
    heap.u32(tokens, rows).forEach((_, k, all) => (all[k] = k))
    heap.u32(examples, rows).fill(fitted)
    multiplied(
      ...([bench, chip, layer, tile] as const),
      encoded(
        ...([bench, chip, tile] as const),
        scaledInputs(bench, tile, { x: vectors.x + 4 * tile.rows.first, rows, xRowStep: layer.inputs }),
      ),
      { y: analog, yRowStep: tile.columns.size, yScale: tile.column.yScale, bias: 0, onward: false },
      { occasion, output: 'measuredOutput', vmmRead: 'measuredVmmRead', tokens, examples },
    )
  })
  return { analog, variance: 0 }
}

/** In the addresses of the noise of measurements, beside those of compensation.ts. */
const fitted = 2

/** The inputs as the DAC gives them, and their squares over the rows of devices they stand on: f32 [vectors, rows]. */
const converted = (
  { heap, scratch }: Workbench,
  { converters }: ChipSettings,
  { inputs }: LayerOfTile,
  { rows: { first, size }, inputRange, dynamic, rowCopies, rowScales }: TilePlaces,
  vectors: VectorPlaces,
): { readonly x: Ptr; readonly squares: Ptr; readonly ranges: Float32Array } => {
  const [x, squares] = [scratch.take(4 * vectors.count * size), scratch.take(4 * vectors.count * size)]
  const ranges = new Float32Array(vectors.count).fill(inputRange)
  const places = rowPlaces(heap, { rows: { first, size }, rowCopies })
  const taken = scaledInputs(
    { heap, scratch },
    { rows: { first, size }, rowScales },
    { x: vectors.x + 4 * first, rows: vectors.count, xRowStep: inputs },
  )
  for (let k = 0; k < vectors.count; k++) {
    const from = heap.f32(taken.x + 4 * k * taken.xRowStep, size)
    if (dynamic) ranges[k] = from.reduce((most, v) => Math.max(most, Math.abs(v)), 0) || 1
    const [to, square] = [heap.f32(x + 4 * k * size, size), heap.f32(squares + 4 * k * size, size)]
    from.forEach((v, i) => {
      // On n rows, n times the range at the same step.
      const n = places[i] ?? NaN
      const dac = { bits: 8, range: n * (ranges[k] ?? NaN), maxCode: n * converters.dacMaxCode }
      const given = converters.dacMaxCode === 0 ? v : decode(dac, encode(dac, v))
      to[i] = given
      // Devices of their own: the mean of n has an n-th of the variance.
      square[i] = (given * given) / n
    })
  }
  return { x, squares, ranges }
}

/** What the tile is expected to give, and the variance of it. */
const expected = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  reading: TileReading,
  vectors: VectorPlaces,
): Outputs => {
  const { heap, scratch } = bench
  const [rows, columns] = [tile.rows.size, tile.columns.size]
  const { adcMaxCode, adcBound, outputNoise } = chip.converters
  const step = adcMaxCode === 0 ? 0 : adcBound / adcMaxCode
  const readout = outputNoise * outputNoise + (step * step) / 12
  const fullScales = heap.f32(tile.column.fullScales, columns)
  const shares = heap.f32(tile.column.gains, columns)
  const copies = averagedIn(tile)
  const unit = Float64Array.from(shares, (g, j) => g * (copies[j] ?? NaN) * (fullScales[j] ?? NaN))

  const { x, squares, ranges } = converted(bench, chip, layer, tile, vectors)
  const on = pairsOnTile(bench, chip, layer, tile, reading)
  const pairs = pairsOf(rows)
  const [means, spreads] = [scratch.take(4 * rows * columns), scratch.take(4 * rows * columns)]
  for (let j = 0; j < columns; j++) {
    const w = heap.f32(reading.weights + 4 * ((tile.columns.first + j) * layer.inputs + tile.rows.first), rows)
    const [to, spread] = [heap.f32(means + 4 * j * rows, rows), heap.f32(spreads + 4 * j * rows, rows)]
    const [u, c] = [unit[j] ?? NaN, fullScales[j] ?? NaN]
    pairsInto(pairs, on.columns, [j, c], on.programmed)
    for (let i = 0; i < rows; i++) {
      to[i] = u * ((w[i] ?? NaN) < 0 ? -1 : 1) * (pairs.mean[i] ?? NaN)
      spread[i] = (u * u * (pairs.variance[i] ?? NaN)) / (copies[j] ?? NaN)
    }
  }
  const analog = product(bench, vectors.count, { at: x, rowStep: rows }, { at: means, columnStep: rows }, tile)
  const spread = product(bench, vectors.count, { at: squares, rowStep: rows }, { at: spreads, columnStep: rows }, tile)
  const [y, v] = [heap.f32(analog, vectors.count * columns), heap.f32(spread, vectors.count * columns)]
  for (let k = 0, at = 0; k < vectors.count; k++)
    for (let j = 0; j < columns; j++, at++) {
      const full = (ranges[k] ?? NaN) * (unit[j] ?? NaN)
      const most = Math.abs(full) * adcBound
      if (adcMaxCode > 0) y[at] = Math.max(-most, Math.min(most, y[at] ?? NaN))
      v[at] = (v[at] ?? NaN) + (full * full * readout) / (copies[j] ?? NaN)
    }
  return { analog, variance: spread }
}

/** The lines of a tile's columns, beside the factors that stand there. */
export const lines = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  reading: TileReading,
  vectors: VectorPlaces,
): readonly Line[] =>
  bench.scratch.within(() => {
    const { heap } = bench
    const columns = tile.columns.size
    const of = chip.hardware.driftCompensation === 'affine' ? measured : expected
    const { analog, variance } = of(bench, chip, layer, tile, reading, vectors)
    const exact = product(
      bench,
      vectors.count,
      { at: vectors.x + 4 * tile.rows.first, rowStep: layer.inputs },
      { at: reading.weights + 4 * (tile.columns.first * layer.inputs + tile.rows.first), columnStep: layer.inputs },
      tile,
    )
    const sums = fitSums(columns)
    for (let k = 0; k < vectors.count; k++) {
      const row = (at: Ptr): Float32Array => heap.f32(at + 4 * k * columns, columns)
      const weights = heap.f32(vectors.h + 4 * (k * layer.outputs + tile.columns.first), columns)
      addToFit(sums, row(analog), row(exact), weights, variance === 0 ? null : row(variance))
    }
    return fittedLines(sums)
  })
