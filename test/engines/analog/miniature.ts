/** A model with random weights, made in memory: layers span several small tiles; and everything an engine needs to run it on a chip. */
import { left, right } from 'fp-ts/lib/Either.js'
import { tensorShapes, linearLayers, type Architecture } from '../../../src/domain/encoder/architecture.js'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { tilesOf, type TileSize } from '../../../src/domain/crossbar/tiling.js'
import { defaultHardware, overridden, type HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { problem } from '../../../src/domain/problem.js'
import { stream } from '../../../src/domain/random/stream.js'
import { standardNormal } from '../../../src/domain/statistics/normal.js'
import type { CalibrationVectors, TileRanges } from '../../../src/engines/analog/parameters.js'
import type { Checkpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { openAnalog, type AnalogEngine } from '../../../src/pipelines/analog.js'
import { batchOf, type Sequence } from '../../../src/pipelines/batches.js'
import type { EngineOptions } from '../../../src/pipelines/digital.js'

export const architecture: Architecture = {
  vocabulary: 40,
  positions: 34,
  tokenTypes: 1,
  hidden: 24,
  layers: 2,
  heads: 2,
  intermediate: 40,
  layerNormEpsilon: 1e-5,
  paddingId: 1,
  labels: 3,
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Weights as networks have them at their start; norms near 1. */
const random = (a: Architecture): ReadonlyMap<string, Float32Array> =>
  new Map(
    [...tensorShapes(a)].map(([name, shape], k) => {
      const s = stream(1, 'miniature', k)
      const inputs = shape[1] ?? 1
      const isNorm = name.includes('LayerNorm')
      const deviation = isNorm || !name.endsWith('.weight') ? 0.1 : name.startsWith('embeddings') ? 1 : inputs ** -0.5
      const mean = isNorm && name.endsWith('.weight') ? 1 : 0
      return [name, Float32Array.from({ length: product(shape) }, () => mean + deviation * standardNormal(s))]
    }),
  )

export interface Made {
  readonly checkpoint: Checkpoint
  readonly tensors: ReadonlyMap<string, Float32Array>
}

/** @param fails called with every tensor that is asked for; true: it cannot be read */
export const made = (a: Architecture = architecture, fails: (name: string) => boolean = () => false): Made => {
  const tensors = random(a)
  return {
    tensors,
    checkpoint: {
      ...{ folder: 'miniature', architecture: a, labelNames: [], untrained: true, hasClassifier: true, files: [] },
      tensors: new Map(),
      readInto: (name, out) => () => {
        if (fails(name)) return Promise.resolve(left(problem('miniature', name, 'a tensor', 'none')))
        out.set(tensors.get(name) ?? [])
        return Promise.resolve(right(undefined))
      },
    },
  }
}

/** Sequences of every length up to the longest; their examples are not their places. */
export const sequences: readonly Sequence[] = Array.from({ length: 20 }, (_, k) => {
  const s = stream(2, 'sequences', k)
  const ids = Int32Array.from({ length: 1 + ((k * 11) % 32) }, () => 2 + s.below(architecture.vocabulary - 2))
  return { ids, example: 100 - 3 * k }
})
export const batch: Batch = batchOf(sequences)

export const chipWith = (change: HardwareOverride) =>
  overridden({ ...defaultHardware, tile: { rows: 10, columns: 9 }, outputNoise: 0, driftCompensation: 'none' }, change)

export const silent = { programming: 0, drift: 0, read: 0 }
/** Neither noise nor rounding. */
export const ideal = { noiseScales: silent, dac: { bits: 'off' }, adc: { bits: 'off' } } as const
/** Everything a chip may have. */
export const everything = {
  outputNoise: 0.04,
  readNoise: 'per VMM',
  wireResistanceOhm: 5,
  driftCompensation: 'per-column',
} as const

/** Largest magnitude of every column's weights in the tile, or in the whole layer; one input range for all tiles. */
export const rangesOf = (
  { tensors, checkpoint }: Made,
  tile: TileSize,
  { inputRange = 3, whole = false, factor = 1 } = {},
): readonly TileRanges[] =>
  linearLayers(checkpoint.architecture).flatMap(layer => {
    const w = tensors.get(`${layer.name}.weight`) ?? new Float32Array(0)
    return tilesOf(layer, tile).map(({ rows, columns }) => ({
      inputRange,
      fullScales: Float32Array.from({ length: columns.size }, (_, j) => {
        const at = (columns.first + j) * layer.inputs
        const own = whole ? w.subarray(at, at + layer.inputs) : w.subarray(at + rows.first, at + rows.first + rows.size)
        return factor * own.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
      }),
    }))
  })

export interface Chosen {
  readonly model?: Made
  readonly seed?: number
  readonly ranges?: readonly TileRanges[]
  readonly vectors?: ReadonlyMap<string, CalibrationVectors>
  readonly options?: EngineOptions
}

/** An engine for the miniature on a chip; in this thread unless something else is asked for. */
export const opened = (change: HardwareOverride, chosen: Chosen = {}): Promise<AnalogEngine> => {
  const { model = made(), seed = 7, options = { workers: 0 } } = chosen
  const hardware = chipWith(change)
  return openAnalog(
    model.checkpoint,
    { hardware, seed, ranges: chosen.ranges ?? rangesOf(model, hardware.tile), vectors: chosen.vectors ?? null },
    options,
  )
}

/** Logits of a batch by example, so that batches cut in different ways can be compared. */
export const byExample = (b: Batch, logits: Float32Array): ReadonlyMap<number, readonly number[]> => {
  const labels = logits.length / b.examples.length
  const words = new Uint32Array(logits.buffer, logits.byteOffset, logits.length)
  return new Map(Array.from(b.examples, (example, i) => [example, [...words.subarray(i * labels, (i + 1) * labels)]]))
}
