/** One linear layer on small tiles in training, and the same written plainly in float64 with its roundings frozen. */
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import type { Architecture } from '../../../src/domain/encoder/architecture.js'
import { trainingOutputsOrigin, trainingWeightsOrigin } from '../../../src/domain/random/addresses.js'
import { stream } from '../../../src/domain/random/stream.js'
import { columnRangesOf, inputRangesOf, type HardwareAware } from '../../../src/domain/training/hardware-aware.js'
import { deviationSteps } from '../../../src/domain/training/residual-noise.js'
import { accumulating } from '../../../src/engines/training/accumulate.js'
import { contextOf } from '../../../src/engines/training/context.js'
import { placeHardware, type HardwareModel } from '../../../src/engines/training/hardware/model.js'
import { settleLayer } from '../../../src/engines/training/hardware/settle.js'
import { hardwareOf, prepareLayer } from '../../../src/engines/training/hardware/weights.js'
import { loadTrainingParameters, type TrainingParameters } from '../../../src/engines/training/parameters.js'
import { createTape } from '../../../src/engines/training/tape.js'
import { resetTurns, turnsOf } from '../../../src/engines/training/turns.js'
import { openWorkbench } from '../../../src/engines/workbench.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { normals } from '../../../src/kernels/reference/normal.js'
import { createScratch } from '../../../src/kernels/scratch.js'
import { batchFrom } from '../model.js'
import type { Numbers } from './plain.js'

export const heap = createHeap()
export const bench = await orThrow(openWorkbench(heap, {}))

export const layer = 'encoder.layer.0.intermediate.dense'
/** Its place in the forward pass. */
const number = 4
export const step = { seed: 11, step: 5 } as const

export interface OnTiles {
  readonly parameters: TrainingParameters
  readonly model: HardwareModel
  readonly batch: Batch
  readonly x: Float32Array
  readonly inputs: number
  readonly outputs: number
  /** Copies of tensors of the layer, by the end of their names; and of their gradients. */
  readonly tensor: (end: string) => Float32Array
  readonly gradient: (end: string) => Float32Array
  readonly setRanges: (input: readonly number[], columns: readonly number[]) => void
  /** Prepares, goes forward, and back from dy(y) into all gradients. @returns y and dx */
  readonly pass: (dy: (y: Float32Array) => Float32Array) => { readonly y: Float32Array; readonly dx: Float32Array }
}

export interface Sizes {
  readonly inputs: number
  readonly outputs: number
  readonly lengths: readonly number[]
  readonly seed: number
}

export const onTiles = async ({ inputs, outputs, lengths, seed }: Sizes, settings: HardwareAware): Promise<OnTiles> => {
  const architecture: Architecture = {
    ...{ vocabulary: 6, positions: 64, tokenTypes: 1, hidden: inputs, heads: 1, layers: 1, intermediate: outputs },
    ...{ layerNormEpsilon: 1e-3, paddingId: 1, labels: 2 },
  }
  const random = stream(seed, 'on tiles')
  const normal = (): number => {
    const [u, v] = [random.uniform() + 1e-9, random.uniform()]
    return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v)
  }
  const loaded = await loadTrainingParameters(
    architecture,
    (_, out) => {
      out.forEach((__, i) => (out[i] = normal()))
      return Promise.resolve()
    },
    heap,
    true,
  )
  const parameters = placeHardware(loaded, settings, heap)
  const batch = batchFrom(lengths.map(length => ({ ids: Array.from({ length }, () => 2) })))
  const x = Float32Array.from({ length: batch.ids.length * inputs }, normal)
  const place = (end: string) => {
    const found = parameters.tensors.get(`${layer}.${end}`)
    if (found === undefined) throw new Error(`no tensor ${end}`)
    return found
  }
  return {
    ...{ parameters, model: hardwareOf(parameters), batch, x, inputs, outputs },
    tensor: end => heap.f32(place(end).at, place(end).length).slice(),
    gradient: end => heap.f32(place(end).gradient, place(end).length).slice(),
    setRanges: (input, columns) => {
      const tiles = hardwareOf(parameters).layers.get(layer)?.tiles ?? []
      let first = 0
      tiles.forEach((tile, t) => {
        heap.f32(tile.inputRange, 1)[0] = input[t % input.length] ?? NaN
        heap
          .f32(tile.fullScales, tile.columns.size)
          .forEach((_, j, all) => (all[j] = columns[(first + j) % columns.length] ?? NaN))
        first += tile.columns.size
      })
    },
    pass: dyOf => {
      const aside = createScratch(heap)
      try {
        return bench.scratch.within(() => {
          prepareLayer(bench, parameters, { kind: 'prepare layer', layer, step })
          resetTurns(heap, parameters.turns, parameters.tensors.size)
          const context = contextOf(bench, aside, parameters, batch, null, step)
          const tape = createTape(context, 'kept')
          const input = { ...context.fresh(batch.ids.length, inputs) }
          heap.f32(input.at, x.length).set(x)
          const output = tape.perform('linear', { layer, x: input })
          const y = heap.f32(output.at, output.rows * output.width).slice()
          const dy = context.fresh(output.rows, output.width)
          heap.f32(dy.at, y.length).set(dyOf(y))
          const turns = turnsOf(heap, parameters.turns, parameters.tensors.size)
          const found = tape.backward(output, dy.at, accumulating(context, turns, 0))
          settleLayer(bench, parameters, { kind: 'settle layer', layer })
          return { y, dx: heap.f32(found.get(input) ?? NaN, x.length).slice() }
        })
      } finally {
        aside.close()
      }
    },
  }
}

const roundHalfEven = (v: number): number => {
  const down = Math.floor(v)
  return v - down > 0.5 || (v - down === 0.5 && down % 2 !== 0) ? down + 1 : down
}

/** Converts v steps: what rounding adds is taken from the first call at each place and frozen, so that slopes exist. */
class Converter {
  private readonly added: number[] = []
  /** Least distance from a place where the code or the clipping would change. */
  margin = Infinity
  constructor(private readonly maxCode: number) {}
  convert(place: number, v: number): number {
    if (this.maxCode === 0) return v
    const clamped = Math.max(-this.maxCode, Math.min(this.maxCode, v))
    const frozen = this.added[place]
    if (frozen !== undefined) return clamped + frozen
    this.margin = Math.min(this.margin, Math.abs(Math.abs(v) - this.maxCode))
    if (clamped === v) this.margin = Math.min(this.margin, Math.abs(Math.abs(v - Math.floor(v)) - 0.5))
    const added = roundHalfEven(clamped) - clamped
    this.added[place] = added
    return clamped + added
  }
}

/** Normals of the weights and of the outputs, by their addresses. */
export const weightNoise = (row: number, column: number): number => {
  const { key, word2, word3 } = trainingWeightsOrigin({ ...step, layer: number })
  return normals([(row >> 6) * 16 + (row & 15), column, word2, word3], key)[(row >> 4) & 3] ?? NaN
}
export const outputNoise = (tile: number, example: number, token: number, column: number): number => {
  const { key, word2, word3 } = trainingOutputsOrigin({ ...step, layer: number, tile })
  return (
    normals([token * 65536 + (column >> 6) * 16 + (column & 15), example, word2, word3], key)[(column >> 4) & 3] ?? NaN
  )
}

/** Deviation of the noise on a weight, in full scales, by its share of full scale and its place. */
export type Deviation = (share: number, row: number, column: number) => number

/** That of the model's device: the straight line of its table that a weight lies on is taken from the first call and frozen. */
export const deviationOf = ({ model }: OnTiles): Deviation => {
  const table = heap.f32(model.deviations, deviationSteps + 1)
  const lines = new Map<number, number>()
  return (share, row, column) => {
    const place = row * 65536 + column
    const k = lines.get(place) ?? Math.min(Math.floor(share * deviationSteps), deviationSteps - 1)
    lines.set(place, k)
    const low = table[k] ?? NaN
    return low + (share * deviationSteps - k) * ((table[k + 1] ?? NaN) - low)
  }
}

/** [x, w, bias, input ranges, column ranges] -> y. */
export const plainOnTiles = (t: OnTiles, deviation: Deviation) => {
  const { settings: s, layers, dacMaxCode, adcMaxCode } = t.model
  const tiles = layers.get(layer)?.tiles ?? []
  const [dac, adc] = [new Converter(dacMaxCode), new Converter(adcMaxCode)]
  const f = (given: readonly Numbers[]): Numbers => {
    const [x = new Float64Array(0), w = x, bias = x, betas = x, scales = x] = given
    const [S, A, B] = [dacMaxCode === 0 ? 1 : dacMaxCode, adcMaxCode, s.adc.bound]
    const y = Float64Array.from({ length: t.batch.ids.length * t.outputs }, (_, i) => bias[i % t.outputs] ?? NaN)
    let [first, place] = [0, 0]
    for (const [k, { rows, columns, index }] of tiles.entries()) {
      const beta = betas[k] ?? NaN
      t.batch.examples.forEach((example, q) => {
        const start = t.batch.offsets[q] ?? 0
        for (let r = start; r < (t.batch.offsets[q + 1] ?? 0); r++) {
          const inputs = Array.from({ length: rows.size }, (_, i) => {
            const v = x[r * t.inputs + rows.first + i] ?? NaN
            return dacMaxCode === 0 ? v : (dac.convert(place++, (v * S) / beta) * beta) / S
          })
          for (let j = 0; j < columns.size; j++) {
            const c = scales[first + j] ?? NaN
            const column = columns.first + j
            let sum = 0
            inputs.forEach((v, i) => {
              const row = rows.first + i
              const own = w[column * t.inputs + row] ?? NaN
              // Full scales that are not learned are the largest weights: nothing lies beyond them.
              const kept = t.model.learnsColumns ? Math.max(-c, Math.min(c, own)) : own
              sum += v * (kept + c * deviation(Math.abs(kept) / c, row, column) * weightNoise(row, column))
            })
            const unit = beta * c
            const noise = s.outputNoise === 0 ? 0 : s.outputNoise * outputNoise(index, example, r - start, j)
            const z = A === 0 ? sum / unit + noise : ((sum / unit + noise) * A) / B
            const out = unit * (A === 0 ? z : (adc.convert(place++, z) * B) / A)
            y[r * t.outputs + column] = (y[r * t.outputs + column] ?? NaN) + out
          }
        }
      })
      first += columns.size
    }
    return y
  }
  return { f, margin: () => Math.min(dac.margin, adc.margin) }
}

/** The layer's inputs of `plainOnTiles`, as they are. */
export const given = (t: OnTiles): readonly Numbers[] =>
  [t.x, t.tensor('weight'), t.tensor('bias'), t.tensor('input_ranges'), t.tensor('column_ranges')].map(a =>
    Float64Array.from(a),
  )

export const rangeNames = [inputRangesOf(layer), columnRangesOf(layer)] as const
