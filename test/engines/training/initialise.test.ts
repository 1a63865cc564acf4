/** What learned ranges start from, on a whole model: against plain sums over what its layers receive and give. */
import { expect, test } from 'vitest'
import { tilesOf } from '../../../src/domain/crossbar/tiling.js'
import { linearLayers } from '../../../src/domain/encoder/architecture.js'
import { learnableRanges } from '../../../src/domain/experiment/training.js'
import {
  columnRangesOf,
  inputRangesOf,
  nothingAware,
  type HardwareAware,
} from '../../../src/domain/training/hardware-aware.js'
import { inProcess } from '../../../src/engines/inProcess.js'
import { placeHardware, readRanges } from '../../../src/engines/training/hardware/model.js'
import { observeOutputGradients } from '../../../src/engines/training/differentiate.js'
import { trainer } from '../../../src/engines/training/trainer.js'
import { batchFrom, referenceRows } from '../model.js'
import { inTraining } from './model.js'

const rows = referenceRows('tiny-roberta')
const batches = [batchFrom(rows.slice(0, 5)), batchFrom(rows.slice(5, 9))]
/** A bound that many columns of so small a model exceed; percentiles that leave something out. */
const aware = (bits: number | 'off'): HardwareAware => ({
  ...nothingAware(),
  ...{ tile: { rows: 20, columns: 24 }, dac: { bits: 8 }, adc: { bits, bound: 1.5 }, learn: learnableRanges },
  percentiles: { inputs: 99, weights: 100, outputs: 90 },
})

const initialised = async (bits: number | 'off') => {
  const { bench, parameters: loaded } = await inTraining(0)
  const parameters = placeHardware(loaded, aware(bits), bench.heap)
  const engine = inProcess(bench, { kind: 'training', parameters })
  const t = trainer(engine, bench.heap, parameters, { groups: 1, groupTokens: 512, keeping: 'kept' })
  await t.initialiseRanges(batches)
  const { hardware } = parameters
  if (hardware === null) throw new Error('no hardware')
  return readRanges(bench.heap, hardware)
}

/** The p-th percentile of magnitudes: the least that so many do not exceed. */
const percentile = (values: readonly number[], p: number): number =>
  values.map(Math.abs).sort((a, b) => a - b)[Math.max(1, Math.ceil((p / 100) * values.length - 1e-9)) - 1] ?? NaN

test('of inputs their percentile, of columns their largest weight or what the ADC must let through', async () => {
  const m = await inTraining(0)
  const { architecture } = m.parameters
  /** Of every batch: each layer's inputs. */
  const seen = batches.map(batch => {
    const inputs = new Map<string, { readonly x: Float32Array; readonly rows: number }>()
    const weights = new Float32Array(batch.examples.length * architecture.labels).fill(1)
    observeOutputGradients(m.bench, m.parameters, batch, weights, (layer, x) => {
      inputs.set(layer, { x: m.bench.heap.f32(x.at, x.rows * x.width).slice(), rows: x.rows })
    })
    return inputs
  })
  const [found, ideal] = [await initialised(8), await initialised('off')]
  let raised = 0
  for (const layer of linearLayers(architecture)) {
    const weight = m.tensor(`${layer.name}.weight`)
    let column = 0
    for (const [t, { rows: r, columns }] of tilesOf(layer, { rows: 20, columns: 24 }).entries()) {
      const piece = (x: Float32Array, k: number): Float32Array =>
        x.subarray(k * layer.inputs + r.first, k * layer.inputs + r.first + r.size)
      const each = <A>(of: (x: Float32Array) => A, b: number): readonly A[] => {
        const own = seen[b]?.get(layer.name)
        if (own === undefined) throw new Error(`no inputs of ${layer.name}`)
        return Array.from({ length: own.rows }, (_, k) => of(piece(own.x, k)))
      }
      const beta = Math.max(...batches.map((_, b) => percentile(each(x => [...x], b).flat(), 99)))
      expect(found.get(inputRangesOf(layer.name))?.[t]).toBe(beta)
      for (let j = 0; j < columns.size; j++, column++) {
        const w = piece(weight, columns.first + j)
        const sum = (x: Float32Array): number => x.reduce((y, v, i) => y + v * (w[i] ?? NaN), 0)
        const needed = Math.max(...batches.map((_, b) => percentile(each(sum, b), 90))) / (beta * 1.5)
        const largest = w.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
        const range = found.get(columnRangesOf(layer.name))?.[column] ?? NaN
        expect(Math.abs(range / Math.max(largest, needed) - 1)).toBeLessThan(1e-5)
        expect(ideal.get(columnRangesOf(layer.name))?.[column]).toBe(largest)
        if (range > largest) raised += 1
      }
    }
  }
  expect(raised).toBeGreaterThan(20)
})
