/**
 * What ranges start from: percentiles of the magnitudes of inputs over the first batches, of weights column by column; a
 * column whose outputs an ADC would cut off starts where it does not, for what is cut off always has no gradient. A
 * percentile p of n numbers is the least of them that at least p n / 100 do not exceed. Not modelled: running averages.
 */
import type { Batch } from '../../../domain/encoder/algebra.js'
import { split, type Piece } from '../../../domain/crossbar/tiling.js'
import { linearLayers, type Architecture, type LinearLayer } from '../../../domain/encoder/architecture.js'
import type { HardwareAware } from '../../../domain/training/hardware-aware.js'
import { createScratch } from '../../../kernels/scratch.js'
import { parameterOf, type Activation } from '../../digital/algebra.js'
import { forward } from '../../forward.js'
import type { Workbench } from '../../workbench.js'
import { tapeAlgebra } from '../algebra.js'
import { contextOf, type Context } from '../context.js'
import type { TrainingParameters } from '../parameters.js'
import { share } from '../share.js'
import { createTape } from '../tape.js'
import { hardwareOf } from './weights.js'

/** Magnitudes by the upper half of their binary32 pattern, then by the lower: positive floats are ordered as integers. */
const halves = 2 ** 16

/** Which of n numbers in order, from 1, is their p-th percentile. */
const rankOf = (p: number, n: number): number => Math.max(1, Math.ceil((p / 100) * n - 1e-9))

/** The p-th percentile of the magnitudes; NaN if any is NaN, 0 of none. @param patterns of binary32 numbers */
export const magnitudePercentile = (patterns: Iterable<number>, p: number): number => {
  const magnitudes = Uint32Array.from(patterns, bits => bits & 0x7fff_ffff)
  let rank = rankOf(p, magnitudes.length)
  if (magnitudes.length === 0) return 0
  /** The bin that holds the number of this rank, and its rank there. */
  const find = (digit: (m: number) => number, within: (m: number) => boolean): number => {
    const counts = new Uint32Array(halves)
    magnitudes.forEach(m => {
      if (within(m)) counts[digit(m)] = (counts[digit(m)] ?? 0) + 1
    })
    let bin = 0
    while (rank > (counts[bin] ?? 0)) rank -= counts[bin++] ?? 0
    return bin
  }
  if (magnitudes.some(m => m > 0x7f80_0000)) return NaN
  const high = find(
    m => m >>> 16,
    () => true,
  )
  const low = find(
    m => m & 0xffff,
    m => m >>> 16 === high,
  )
  return new Float32Array(Uint32Array.of(high * halves + low).buffer)[0] ?? NaN
}

/** Numbers that one batch yields: one for each row piece of each layer, in the order of the forward pass. */
export const rowPieces = (architecture: Architecture, { tile }: Pick<HardwareAware, 'tile'>) =>
  linearLayers(architecture).flatMap((layer: LinearLayer) =>
    split(layer.inputs, tile.rows).map(piece => ({ layer: layer.name, piece })),
  )

/** Task: percentiles of magnitudes in one batch: of the inputs, by row piece; then of what each piece gives in each column. */
export interface InputPercentiles {
  readonly kind: 'input percentiles'
  readonly batch: Batch
}

export const inputPercentiles = (
  bench: Workbench,
  parameters: TrainingParameters,
  { batch }: InputPercentiles,
): Float64Array => {
  const { heap, scratch } = bench
  const { settings, learnsColumns } = hardwareOf(parameters)
  const pieces = rowPieces(parameters.architecture, settings)
  const layers = new Map(linearLayers(parameters.architecture).map(l => [l.name, l]))
  const found = pieces.map(() => 0)
  const columns = pieces.map((): readonly number[] => [])
  const aside = createScratch(heap)
  try {
    scratch.within(() => {
      const context = contextOf(bench, aside, parameters, batch, null, null)
      const algebra = tapeAlgebra(context, createTape(context, 'forgotten'))
      const observed: typeof algebra = {
        ...algebra,
        linear: (layer, x) => {
          const numbers = heap.u32(x.at, x.rows * x.width)
          pieces.forEach(({ layer: of, piece }, i) => {
            if (of !== layer) return
            const part = new Uint32Array(x.rows * piece.size)
            for (let r = 0; r < x.rows; r++) {
              const from = r * x.width + piece.first
              part.set(numbers.subarray(from, from + piece.size), r * piece.size)
            }
            found[i] = magnitudePercentile(part, settings.percentiles.inputs)
            if (learnsColumns && settings.adc.bits !== 'off')
              columns[i] = outputPercentiles(
                context,
                parameterOf(layers, layer),
                x,
                piece,
                settings.percentiles.outputs,
              )
          })
          return algebra.linear(layer, x)
        },
      }
      forward(bench, parameters.architecture, observed, batch, false)
    })
  } finally {
    aside.close()
  }
  return Float64Array.from([...found, ...columns.flat()])
}

/** Percentiles of the magnitudes of what a row piece gives, [outputs]: of each, the least of its few largest. */
const outputPercentiles = (
  c: Context,
  layer: LinearLayer,
  x: Activation,
  piece: Piece,
  percentile: number,
): readonly number[] =>
  c.scratch.within(() => {
    const { at, rows, width } = share(c, layer, x, piece)
    const numbers = c.heap.u32(at, rows * width)
    const kept = rows - rankOf(percentile, rows) + 1
    /** By column, the largest first. */
    const largest = new Uint32Array(width * kept)
    for (
      let k = 0, column = 0;
      k < numbers.length;
      k++, column = column + kept === largest.length ? 0 : column + kept
    ) {
      const magnitude = (numbers[k] ?? 0) & 0x7fff_ffff
      let place = column + kept
      for (; place > column && magnitude > (largest[place - 1] ?? 0); place--)
        if (place < column + kept) largest[place] = largest[place - 1] ?? 0
      if (place < column + kept) largest[place] = magnitude
    }
    const values = new Float32Array(largest.buffer)
    return Array.from({ length: width }, (_, j) =>
      (largest[j * kept] ?? 0) > 0x7f80_0000 ? NaN : (values[(j + 1) * kept - 1] ?? NaN),
    )
  })

/** Task: a layer's column ranges from its weights. A column of zeros gets the largest range of its tile, or 1. */
export interface ColumnPercentiles {
  readonly kind: 'column percentiles'
  readonly layer: string
}

export const columnPercentiles = (
  { heap }: Workbench,
  parameters: TrainingParameters,
  task: ColumnPercentiles,
): Float64Array => {
  const { layers, settings } = hardwareOf(parameters)
  const layer = parameterOf(layers, task.layer)
  const { at } = parameterOf(parameters.tensors, `${task.layer}.weight`)
  for (const { rows, columns, fullScales } of layer.tiles) {
    const ranges = heap.f32(fullScales, columns.size)
    for (let j = 0; j < columns.size; j++) {
      const from = at + 4 * ((columns.first + j) * layer.inputs + rows.first)
      ranges[j] =
        settings.percentiles.weights === 100
          ? heap.f32(from, rows.size).reduce((most, w) => Math.max(most, Math.abs(w)), 0)
          : magnitudePercentile(heap.u32(from, rows.size), settings.percentiles.weights)
    }
    const largest = ranges.reduce((a, b) => Math.max(a, b), 0)
    ranges.forEach((c, j) => (ranges[j] = c > 0 ? c : largest > 0 ? largest : 1))
  }
  return new Float64Array(0)
}

/** What ranges should start from is no number. */
export class RangesUnfounded extends RangeError {
  override readonly name = 'RangesUnfounded'
  constructor(
    readonly layer: string,
    readonly found: number,
    readonly of: 'inputs' | 'outputs',
  ) {
    super(`layer ${layer}: expected finite ${of}, found ${found}`)
  }
}

/**
 * Input ranges of every tile: the largest of what the batches yielded, 1 where nothing ever came in. Column ranges, where
 * they are learned, are raised to what the ADC must let through. @throws RangesUnfounded
 */
export const writeRanges = (
  { heap }: Pick<Workbench, 'heap'>,
  parameters: TrainingParameters,
  found: readonly Float64Array[],
): void => {
  const { layers, settings, learnsColumns } = hardwareOf(parameters)
  const { adc } = settings
  const pieces = rowPieces(parameters.architecture, settings)
  const largest = (i: number): number => found.reduce((a, batch) => Math.max(a, batch[i] ?? NaN), 0)
  let column = pieces.length
  pieces.forEach(({ layer, piece }, i) => {
    const most = largest(i)
    if (!Number.isFinite(most)) throw new RangesUnfounded(layer, most, 'inputs')
    const inputRange = most > 0 ? most : 1
    const { tiles, outputs } = parameterOf(layers, layer)
    for (const tile of tiles) {
      if (tile.rows.first !== piece.first) continue
      heap.f32(tile.inputRange, 1)[0] = inputRange
      if (!learnsColumns || adc.bits === 'off') continue
      const ranges = heap.f32(tile.fullScales, tile.columns.size)
      ranges.forEach((c, j) => {
        const through = largest(column + tile.columns.first + j)
        if (!Number.isFinite(through)) throw new RangesUnfounded(layer, through, 'outputs')
        ranges[j] = Math.max(c, through / (inputRange * adc.bound))
      })
    }
    if (learnsColumns && adc.bits !== 'off') column += outputs
  })
}
