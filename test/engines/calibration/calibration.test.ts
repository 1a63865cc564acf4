/** What calibration leaves in its summaries: against plain sums, and the same bits however examples are cut and computed. */
import { describe, expect, test } from 'vitest'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { binOf, coarseBins, fineBins, tailBins } from '../../../src/domain/ranges/histogram.js'
import { expectedError } from '../../../src/domain/ranges/objective.js'
import { convertersOf } from '../../../src/engines/analog/parameters.js'
import { notFinite } from '../../../src/engines/calibration/observe.js'
import { optimumOf, tileObjective } from '../../../src/engines/calibration/optimise.js'
import { placeCalibration, type LayerPlaces, type Observed } from '../../../src/engines/calibration/parameters.js'
import { inProcess } from '../../../src/engines/inProcess.js'
import { interpreter } from '../../../src/engines/interpreter.js'
import { observeOutputGradients } from '../../../src/engines/training/differentiate.js'
import { loadTrainingParameters } from '../../../src/engines/training/parameters.js'
import { openWorkbench } from '../../../src/engines/workbench.js'
import { workerPool } from '../../../src/engines/workers/pool.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import type { KernelChoice } from '../../../src/kernels/load.js'
import { placeMoments } from '../../../src/pipelines/analog.js'
import { batchOf } from '../../../src/pipelines/batches.js'
import { chipWith, made, sequences } from '../analog/miniature.js'

const model = made()
const size = { rows: 10, columns: 9 }
const hardware = chipWith({ tile: size, outputNoise: 0.04, driftCompensation: 'global' })
const contrast = Float32Array.of(1, -0.5, 0.25)

/** @param workers 0: in this thread. @param change of a tensor before it is loaded */
const opened = async (
  observed: Observed,
  { workers = 0, kernels = {} }: { readonly workers?: number; readonly kernels?: KernelChoice } = {},
  change: (name: string, out: Float32Array) => void = () => undefined,
) => {
  const heap = createHeap()
  const bench = await orThrow(openWorkbench(heap, kernels))
  const read = async (name: string, out: Float32Array): Promise<void> => {
    await orThrow(model.checkpoint.readInto(name, out))
    change(name, out)
  }
  const tensors = await loadTrainingParameters(model.checkpoint.architecture, read, heap, false)
  const parameters = placeCalibration(tensors, observed, size, heap, { rows: true })
  const whole = { kind: 'calibration', parameters } as const
  const setup = { memory: heap.memory, kernels: { ...kernels, kind: bench.loaded.kind }, model: whole }
  const engine = workers === 0 ? inProcess(bench, whole) : workerPool(setup, { threads: workers })
  const pass = (batches: readonly Batch[], of: Float32Array | null): Promise<readonly Float64Array[]> =>
    Promise.all(
      batches.map((batch, group) => engine.perform({ kind: 'observe', batch, group, contrast: of, again: false })),
    )
  return { heap, bench, parameters, engine, pass }
}
type Opened = Awaited<ReturnType<typeof opened>>

/** Of both ranges, without copies and scales, from nothing. */
const searched = {
  ...{ input: true, columns: true, scaled: false, rowScales: new Float32Array(0), known: null, unscaled: null },
  idle: { columns: 0, rows: 0 },
} as const

/** Every byte of what was gathered about a layer. */
const bytesOf = ({ heap, parameters: { observed } }: Opened, l: LayerPlaces): readonly number[] => {
  const moments = (n: number, m: LayerPlaces['inputMoments']): readonly Uint8Array[] => [
    ...[heap.u8(m.sum, 8 * n), heap.u8(m.squares, 8 * n), heap.u8(m.absMax, 4 * n)],
  ]
  const columns = l.pieces.length * l.outputs
  const rows = l.tiles.reduce((sum, tile) => sum + tile.rows.size, 0)
  const all: Readonly<Record<Observed, () => readonly Uint8Array[]>> = {
    inputs: () => [...moments(l.inputs, l.inputMoments), heap.u8(l.counts, 8 * fineBins.count * l.pieces.length)],
    outputs: () => moments(columns, l.outputMoments),
    errors: () => [
      ...[heap.u8(l.energies, 4 * l.inputs * l.outputs), heap.u8(l.masses, 8 * l.outputs)],
      ...[heap.u8(l.tails, 8 * tailBins * columns), heap.u8(l.tops, 4 * columns)],
      heap.u8(l.weighted, 8 * coarseBins.count * l.tiles.length),
      ...[heap.u8(l.rowTails, 8 * tailBins * rows), heap.u8(l.rowTops, 4 * rows)],
    ],
  }
  // A checksum of each: megabytes compare slowly one by one.
  return all[observed]().map(bytes => bytes.reduce((a, b) => (Math.imul(a, 31) + b) | 0, bytes.length))
}
const everything = (m: Opened) => [...m.parameters.layers.values()].map(l => bytesOf(m, l))

const together = [batchOf(sequences)]
const apart = sequences.map(s => batchOf([s]))
const uneven = [batchOf(sequences.slice(0, 7)), batchOf(sequences.slice(7, 8)), batchOf(sequences.slice(8))]

describe.each(['inputs', 'outputs', 'errors'] as const)('summaries of %s', observed => {
  test('are the same bits with any batches, threads and kernels', async () => {
    const weights = observed === 'errors' ? contrast : null
    const first = await opened(observed)
    await first.pass(together, weights)
    const expected = everything(first)
    expect(new Set(expected.flat()).size).toBeGreaterThan(expected.length)
    const others: readonly (readonly [readonly Batch[], Parameters<typeof opened>[1]])[] = [
      [apart, {}],
      [uneven, { workers: 2 }],
      [apart, { workers: 3 }],
      [uneven, { kernels: { kind: 'wasm' } }],
    ]
    for (const [batches, options] of others) {
      const other = await opened(observed, options)
      await other.pass(batches, weights)
      expect(everything(other)).toEqual(expected)
      await other.engine.close()
    }
  })
})

/** Inputs and gradients of a layer over all sequences. */
const passed = async (): Promise<ReadonlyMap<string, { readonly x: Float32Array; readonly dy: Float32Array }>> => {
  const m = await opened('errors')
  const found = new Map<string, { readonly x: Float32Array; readonly dy: Float32Array }>()
  const batch = batchOf(sequences)
  const weights = Float32Array.from({ length: 3 * sequences.length }, (_, i) => contrast[i % 3] ?? NaN)
  observeOutputGradients(m.bench, m.parameters, batch, weights, (layer, x, dy) => {
    const copied = (a: typeof x): Float32Array => m.heap.f32(a.at, a.rows * a.width).slice()
    found.set(layer, { x: copied(x), dy: copied(dy) })
  })
  return found
}

/** Relative to the largest: sums in binary32. */
const close = (found: ArrayLike<number>, expected: Float64Array): void => {
  const most = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
  expect(most).toBeGreaterThan(0)
  expect(expected.reduce((worst, e, i) => Math.max(worst, Math.abs(e - (found[i] ?? NaN))), 0) / most).toBeLessThan(
    2e-6,
  )
}

describe('against plain sums', () => {
  test.each([true, false])('what errors depend on, weighted by gradients: %s', async weighted => {
    const m = await opened('errors')
    await m.pass(uneven, weighted ? contrast : null)
    for (const [name, { x, dy }] of await passed()) {
      const layer = m.parameters.layers.get(name)
      if (layer === undefined) throw new Error(`no layer ${name}`)
      const { inputs, outputs } = layer
      const w = model.tensors.get(`${name}.weight`) ?? new Float32Array(0)
      const rows = x.length / inputs
      const h = (t: number, j: number): number => (weighted ? (dy[t * outputs + j] ?? NaN) ** 2 : 1)
      const energies = new Float64Array(inputs * outputs)
      const masses = new Float64Array(outputs)
      const histograms = layer.tiles.map(() => new Float64Array(coarseBins.count))
      const tails = new Float64Array(layer.pieces.length * outputs)
      const patterns = new Int32Array(x.buffer)
      for (let t = 0; t < rows; t++)
        for (let j = 0; j < outputs; j++) {
          masses[j] = (masses[j] ?? NaN) + h(t, j)
          layer.pieces.forEach((_, p) => (tails[p * outputs + j] = (tails[p * outputs + j] ?? NaN) + h(t, j)))
          for (let i = 0; i < inputs; i++) {
            const at = j * inputs + i
            energies[at] = (energies[at] ?? NaN) + h(t, j) * (x[t * inputs + i] ?? NaN) ** 2
            layer.tiles.forEach((tile, k) => {
              const [r, c] = [i - tile.rows.first, j - tile.columns.first]
              const own = histograms[k]
              if (own === undefined || r < 0 || r >= tile.rows.size || c < 0 || c >= tile.columns.size) return
              const bin = binOf(coarseBins, patterns[t * inputs + i] ?? 0)
              own[bin] = (own[bin] ?? NaN) + h(t, j) * (w[at] ?? NaN) ** 2
            })
          }
        }
      close(m.heap.f32(layer.energies, inputs * outputs), energies)
      close(m.heap.f64(layer.masses, outputs), masses)
      histograms.forEach((expected, k) =>
        close(m.heap.f64(layer.weighted + 8 * coarseBins.count * k, coarseBins.count), expected),
      )
      const slots = m.heap.f64(layer.tails, tailBins * tails.length)
      close(
        tails.map((_, c) => slots.subarray(c * tailBins, (c + 1) * tailBins).reduce((a, b) => a + b, 0)),
        tails,
      )
    }
  })

  test('inputs and outputs', async () => {
    const [i, o] = [await opened('inputs'), await opened('outputs')]
    await i.pass(uneven, null)
    await o.pass(uneven, null)
    for (const [name, { x }] of await passed()) {
      const layer = i.parameters.layers.get(name)
      const places = o.parameters.layers.get(name)
      if (layer === undefined || places === undefined) throw new Error(`no layer ${name}`)
      const { inputs, outputs } = layer
      const w = model.tensors.get(`${name}.weight`) ?? new Float32Array(0)
      layer.pieces.forEach((piece, p) => {
        const expected = new Uint32Array(2 * fineBins.count)
        const sums = new Float64Array(outputs)
        x.forEach((v, at) => {
          const row = at % inputs
          if (row < piece.first || row >= piece.first + piece.size) return
          const bin = binOf(fineBins, new Int32Array(Float32Array.of(v).buffer)[0] ?? 0) + (v < 0 ? fineBins.count : 0)
          expected[bin] = (expected[bin] ?? NaN) + 1
          for (let j = 0; j < outputs; j++) sums[j] = (sums[j] ?? NaN) + v * (w[j * inputs + row] ?? NaN)
        })
        const counts = i.heap.u32(layer.counts + 8 * fineBins.count * p, 2 * fineBins.count)
        expect(counts.every((c, b) => c === expected[b])).toBe(true)
        close(o.heap.f64(places.outputMoments.sum + 8 * p * outputs, outputs), sums)
      })
      const largest = x.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
      expect(Math.max(...i.heap.f32(layer.inputMoments.absMax, inputs))).toBe(largest)
    }
  })
})

describe('a tile', () => {
  test('is optimised by a task as by the search itself, and no worse than before', async () => {
    const m = await opened('errors', { workers: 2 })
    await m.pass(apart, contrast)
    const chip = {
      ...{ converters: convertersOf(hardware), driftCompensation: hardware.driftCompensation, wires: null },
      ...{ moments: [placeMoments(m.heap, hardware, 3600)], first: placeMoments(m.heap, hardware, 0) },
    }
    for (const layer of m.parameters.layers.values())
      for (const tile of layer.tiles) {
        const ones = new Float32Array(tile.columns.size).fill(1)
        const start = { inputRange: 6, fullScales: ones, gains: ones }
        const task = { kind: 'optimise tile', layer: layer.name, tile: tile.index, ...chip, start } as const
        const found = optimumOf(await m.engine.perform({ ...task, ...searched }))
        const objective = tileObjective(m, m.parameters, tile, chip)
        expect(found.before).toBe(expectedError(objective, start).total)
        expect(found.after).toBe(expectedError(objective, found).total)
        expect(found.after).toBeLessThan(found.before)
      }
    await m.engine.close()
  })

  test('of one example, and one on which no logit depends, has finite ranges', async () => {
    for (const of of [contrast, new Float32Array(3)]) {
      const m = await opened('errors')
      await m.pass(apart.slice(4, 5), of)
      const chip = {
        ...{ converters: convertersOf(hardware), driftCompensation: hardware.driftCompensation, wires: null },
        ...{ moments: [placeMoments(m.heap, hardware, 3600)], first: placeMoments(m.heap, hardware, 0) },
      }
      const [layer] = m.parameters.layers.values()
      const ones = new Float32Array(9).fill(1)
      const start = { inputRange: 6, fullScales: ones.subarray(0, layer?.tiles[0]?.columns.size), gains: ones }
      const task = { kind: 'optimise tile', layer: layer?.name ?? '', tile: 0, ...chip, start } as const
      const found = optimumOf(await m.engine.perform({ ...task, ...searched }))
      expect([...found.fullScales, found.inputRange].every(r => r > 0 && r < 1e3)).toBe(true)
      if (of !== contrast) expect(found).toMatchObject({ before: 0, after: 0, inputRange: 6 })
    }
  })
})

describe('what is no number', () => {
  test('is found by layer, input and example', async () => {
    const m = await opened('inputs', {}, (name, out) => {
      // Of the 20th token.
      if (name === 'embeddings.position_embeddings.weight') out[(1 + 20) * 24 + 5] = NaN
    })
    const results = await m.pass(apart, null)
    const bad = results.flatMap(r => notFinite(r) ?? [])
    expect(bad.length).toBeGreaterThan(0)
    const [first] = bad
    const firstSoLong = sequences.find(({ ids }) => ids.length >= 20)
    expect(first).toMatchObject({ layer: 0, of: 'input', example: firstSoLong?.example })
    expect(first?.value).toBeNaN()
  })

  test('a gradient, too', async () => {
    const m = await opened('errors')
    const [first] = await m.pass(together, Float32Array.of(Infinity, 0, 0))
    expect(notFinite(first ?? new Float64Array(0))).toMatchObject({ of: 'gradient' })
  })

  test('other tasks and batches are refused', () => {
    const m = opened('inputs')
    return m.then(({ bench, parameters }) => {
      const { run, perform } = interpreter(bench, { kind: 'calibration', parameters })
      expect(() => run(batchOf(sequences), {})).toThrow('got a batch')
      expect(() => perform({ kind: 'layer errors', batch: batchOf(sequences), variants: [] })).toThrow(
        'expected one of a model that is calibrated, got layer errors',
      )
    })
  })
})
