/**
 * How far each linear layer's output is from the exact one on a chip, and on the same chip with only some of its noise
 * sources: on the digital inputs of the layer, so that layers do not add up. The draws are those of the whole chip: they
 * have addresses, not an order (common random numbers). Biases, which are digital, are left out of the relative error.
 */
import type { Batch } from '../../domain/encoder/algebra.js'
import { tilesOf, split } from '../../domain/crossbar/tiling.js'
import { layerInto, noiseAddresses } from '../analog/algebra.js'
import { blocksOf, placeTile, type AnalogLayer, type ChipSettings, type TilePlaces } from '../analog/parameters.js'
import { readTile, type TileReading } from '../analog/readTile.js'
import { digitalRest, parameterOf, type Activation } from '../digital/algebra.js'
import { forward } from '../forward.js'
import type { Interpreter } from '../interpreter.js'
import type { Ptr } from '../../kernels/heap.js'
import type { Workbench } from '../workbench.js'
import { exactLayer, type ExactLayer } from './exact.js'
import type { PlainLayer, PlainParameters } from './parameters.js'
import { predictedError, type LayerFactors } from './prediction.js'

/** A chip at a time; `moments` are of its devices then. */
export interface ChipReading extends Omit<TileReading, 'weights'> {
  readonly chip: ChipSettings
}

/** A chip with some of its sources of error. */
export interface Variant extends ChipReading {
  /** The whole chip, whose drift, and what makes up for it, this one's readouts meet; null: they meet their own. */
  readonly amplifiedAs: ChipReading | null
}

export interface LayerErrors {
  readonly kind: 'layer errors'
  readonly batch: Batch
  readonly variants: readonly Variant[]
}

/** Numbers a layer: the energy of its exact output; of each variant, the error's measured and expected energy. */
export const numbersALayer = (variants: number): number => 1 + 2 * variants

const tilesFor = (bench: Workbench, layer: PlainLayer, { chip, ...reading }: ChipReading): AnalogLayer => {
  const { heap, scratch } = bench
  const described = tilesOf(layer, chip.hardware.tile)
  const unbiased = { ...layer, bias: 0 }
  const tiles = described.map(tile => {
    const ranges = layer.ranges[tile.index]
    if (ranges === undefined) throw new RangeError(`no ranges for tile ${tile.index} of ${layer.name}`)
    const places = placeTile(heap, bytes => scratch.take(bytes), tile, ranges, chip.converters, tile.index, {
      ...{ inputs: layer.inputs, outputs: layer.outputs, tiles: described.length },
    })
    readTile(bench, chip, unbiased, places, { ...reading, weights: layer.weights })
    return places
  })
  return { ...unbiased, tiles }
}

/** What makes up for the drift of a whole chip. */
const factorsOf = (bench: Workbench, layer: PlainLayer, whole: ChipReading): LayerFactors =>
  bench.scratch.within(() =>
    tilesFor(bench, layer, whole).tiles.map(tile =>
      blocksOf(tile).map(({ column, columns }) => bench.heap.f32(column.alphas, columns.size).slice()),
    ),
  )

/** Signals as weak as on the whole chip, whose factors bring them back: readouts add what they add in between. */
const amplify = ({ heap }: Workbench, tiles: readonly TilePlaces[], factors: LayerFactors): void => {
  tiles.forEach((tile, t) => {
    blocksOf(tile).forEach(({ column, columns }, b) => {
      const view = (at: Ptr): Float32Array => heap.f32(at, columns.size)
      const [zScale, yScale, alphas] = [view(column.zScale), view(column.yScale), view(column.alphas)]
      factors[t]?.[b]?.forEach((a, j) => {
        if (!(a > 0)) return
        zScale[j] = (zScale[j] ?? NaN) / a
        yScale[j] = (yScale[j] ?? NaN) * a
        alphas[j] = (alphas[j] ?? NaN) * a
      })
    })
  })
}

/** Sum of (a - b)^2. */
const distance = (a: Float32Array, b: Float32Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? NaN) - (b[i] ?? NaN)) ** 2
  return sum
}

/** The error's measured and expected energy. */
const errorOf = (
  bench: Workbench,
  layer: PlainLayer,
  x: Activation,
  exact: ExactLayer,
  noise: ReturnType<typeof noiseAddresses>['all'],
  variant: Variant,
  factors: LayerFactors | null,
): readonly [number, number] =>
  bench.scratch.within(() => {
    const { heap, scratch } = bench
    const placed = tilesFor(bench, layer, variant)
    if (factors !== null) amplify(bench, placed.tiles, factors)
    const y = { at: scratch.take(4 * x.rows * layer.outputs), rows: x.rows, width: layer.outputs }
    const counts = new Uint32Array(2 * placed.tiles.length)
    layerInto(bench, variant.chip, placed, [x, y], { ...noise, occasion: variant.occasion }, counts)
    const view = ({ at }: Activation): Float32Array => heap.f32(at, x.rows * layer.outputs)
    const expected = predictedError(bench, variant.chip, layer, placed, { exact, x, moments: variant.moments, factors })
    return [distance(view(y), view(exact.y)), expected]
  })

const layerErrors = (bench: Workbench, p: PlainParameters, { batch, variants }: LayerErrors): Float64Array => {
  const { scratch } = bench
  const found: number[] = []
  const [first] = variants
  if (first === undefined) return new Float64Array(0)
  scratch.within(() => {
    const { all, first: leading } = noiseAddresses(bench, batch, first.occasion)
    const linear = (name: string, x: Activation): Activation => {
      const layer = parameterOf(p.layers, name)
      const fresh = (): Activation => ({
        at: scratch.take(4 * x.rows * layer.outputs),
        rows: x.rows,
        width: layer.outputs,
      })
      const output = fresh()
      scratch.within(() => {
        const exact = exactLayer(bench, layer, x, fresh(), split(layer.inputs, first.chip.hardware.tile.rows))
        const noise = x.rows === batch.ids.length ? all : leading
        // Read once for all variants that share it.
        const known = new Map<ChipReading, LayerFactors>()
        const factors = (whole: ChipReading | null): LayerFactors | null => {
          if (whole === null) return null
          const own = known.get(whole) ?? factorsOf(bench, layer, whole)
          known.set(whole, own)
          return own
        }
        const errors = variants.flatMap(v => errorOf(bench, layer, x, exact, noise, v, factors(v.amplifiedAs)))
        found.push(exact.energy, ...errors)
        const bias = bench.heap.f32(layer.bias, layer.outputs)
        const rows = bench.heap.f32(output.at, x.rows * layer.outputs)
        const unbiased = bench.heap.f32(exact.y.at, rows.length)
        for (let from = 0; from < rows.length; from += layer.outputs)
          for (let j = 0; j < layer.outputs; j++) rows[from + j] = (unbiased[from + j] ?? NaN) + (bias[j] ?? NaN)
      })
      return output
    }
    forward(bench, p.architecture, { ...digitalRest(bench, p, batch), linear }, batch, false)
  })
  return Float64Array.from(found)
}

export const errorsInterpreter = (bench: Workbench, parameters: PlainParameters): Interpreter => ({
  run: () => {
    throw new TypeError('"order" expected a task, got a batch: errors are looked into layer by layer')
  },
  perform: task => {
    if (task.kind !== 'layer errors')
      throw new TypeError(`"task" expected one that looks into errors, got ${task.kind}`)
    return layerErrors(bench, parameters, task)
  },
})
