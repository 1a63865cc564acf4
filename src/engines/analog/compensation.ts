/**
 * Drift compensation without an offset: factors at a tile's columns. `global` and `per-column`, measured through DAC, noise
 * and ADC on calibration vectors, against the same right after programming (Le Gallo et al. 2018; Joshi et al. 2020);
 * `least-squares`, from the exact moments of the pairs, behind their wires. Not here: with an offset (fit.ts).
 */
import { calibrationVectorCount, calibrationVectorsInto } from '../../domain/crossbar/calibration-vectors.js'
import { pairsFactor, pairsOf } from '../../domain/ranges/pairs.js'
import { paddedColumns } from '../../kernels/reference/vmm.js'
import type { Occasion } from '../engine.js'
import type { Workbench } from '../workbench.js'
import { pairsOnTile } from './moments.js'
import { averagedIn, blocksOf, rowPlaces, type ChipSettings, type ColumnBlock, type TilePlaces } from './parameters.js'
import type { LayerOfTile, TileReading } from './readTile.js'
import { blockOutputs, encoded } from './tile.js'

/** The measurements of a chip, as `example` in the addresses of their noise; fit.ts has one more. */
const measurement = { first: 0, now: 1 } as const

const knownVectors = new Map<number, Float32Array>()

/** The calibration vectors of tiles with so many rows: a model has few heights of tiles, and as many tables. */
const calibrationVectors = (rows: number): Float32Array => {
  const found = knownVectors.get(rows)
  if (found !== undefined) return found
  const made = new Float32Array(calibrationVectorCount * rows)
  calibrationVectorsInto(made, rows)
  knownVectors.set(rows, made)
  return made
}

/** Sums of |z| at each column over the calibration vectors, in steps of the ADC, into f64 [columns]. */
const measureInto = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  block: ColumnBlock,
  occasion: Occasion,
  which: keyof typeof measurement,
  out: Float64Array,
): void =>
  bench.scratch.within(() => {
    const { heap, scratch } = bench
    const [inner, columns, rows] = [tile.rows.size, block.columns.size, calibrationVectorCount]
    const x = scratch.take(4 * rows * inner)
    const vectors = heap.f32(x, rows * inner)
    const known = calibrationVectors(inner)
    for (let i = 0; i < known.length; i++) vectors[i] = (known[i] ?? NaN) * tile.inputRange
    const [tokens, examples] = [scratch.take(4 * rows), scratch.take(4 * rows)]
    heap.u32(tokens, rows).forEach((_, k, all) => (all[k] = k))
    heap.u32(examples, rows).fill(measurement[which])
    const yScale = scratch.take(4 * paddedColumns(columns))
    heap.f32(yScale, paddedColumns(columns)).fill(1)
    const y = scratch.take(4 * rows * columns)
    blockOutputs(
      ...([bench, chip, layer, block] as const),
      encoded(bench, chip, tile, { x, rows, xRowStep: inner }),
      { y, yRowStep: columns, yScale, bias: 0, onward: false },
      { occasion, output: 'measuredOutput', vmmRead: 'measuredVmmRead', tokens, examples },
    )
    const z = heap.f32(y, rows * columns)
    out.fill(0)
    for (let k = 0; k < rows; k++)
      for (let j = 0; j < columns; j++) out[j] = (out[j] ?? 0) + Math.abs(z[k * columns + j] ?? NaN)
  })

/** The measurement right after programming, which later ones are compared with: written to the tile's columns. */
export const measureFirst = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  { occasion }: TileReading,
): void => {
  for (const block of blocksOf(tile)) {
    const sums = bench.heap.f64(block.column.firstSums, block.columns.size)
    measureInto(bench, chip, layer, tile, block, { chip: occasion.chip, read: 0 }, 'first', sums)
  }
}

/** What brings a measurement back to the first; 1 where either saw nothing. */
const restoring = (first: number, now: number): number => (first > 0 && now > 0 ? first / now : 1)

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0)

/** alpha* of each column, in weights clipped to full scale. */
const leastSquaresInto = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  reading: TileReading,
  alphas: Float64Array,
): void => {
  const { columns, programmed } = pairsOnTile(bench, chip, layer, tile, reading)
  const fullScales = bench.heap.f32(tile.column.fullScales, tile.columns.size)
  const [copies, places, room] = [averagedIn(tile), rowPlaces(bench.heap, tile), pairsOf(tile.rows.size)]
  fullScales.forEach((fullScale, j) => {
    const part = (row: number): number => 1 / (places[row] ?? NaN) / (copies[j] ?? NaN)
    alphas[j] = pairsFactor(columns, [j, fullScale], programmed, part, room)
  })
}

/** Factors of the drift compensation at this read, of the columns of each of the tile's blocks. */
export const alphasOf = (
  bench: Workbench,
  chip: ChipSettings,
  layer: LayerOfTile,
  tile: TilePlaces,
  reading: TileReading,
): readonly Float64Array[] => {
  const { driftCompensation } = chip.hardware
  const blocks = blocksOf(tile)
  const ones = ({ columns }: ColumnBlock): Float64Array => new Float64Array(columns.size).fill(1)
  switch (driftCompensation) {
    case 'least-squares': {
      const own = ones(tile)
      leastSquaresInto(bench, chip, layer, tile, reading, own)
      return tile.spare === null ? [own] : [own, Float64Array.from(tile.spare.owners, j => own[j] ?? NaN)]
    }
    case 'global':
    case 'per-column': {
      const first = blocks.map(({ column, columns }) => bench.heap.f64(column.firstSums, columns.size))
      const now = blocks.map(block => {
        const sums = new Float64Array(block.columns.size)
        measureInto(bench, chip, layer, tile, block, reading.occasion, 'now', sums)
        return sums
      })
      if (driftCompensation === 'per-column')
        return now.map((sums, b) => sums.map((s, j) => restoring(first[b]?.[j] ?? 0, s)))
      const total = (all: readonly Float64Array[]): number => all.map(sum).reduce((a, b) => a + b, 0)
      const factor = restoring(total(first), total(now))
      return blocks.map(block => ones(block).fill(factor))
    }
    default:
      return blocks.map(ones)
  }
}
