/** The tables about chips, row by row against plain recomputation; and what calibration refuses. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { tilesOf, type TileSize } from '../../../src/domain/crossbar/tiling.js'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { linearLayers } from '../../../src/domain/encoder/architecture.js'
import { logits } from '../../../src/domain/encoder/roberta.js'
import { hardwareOf } from '../../../src/domain/experiment/config.js'
import type { AnalogMethod } from '../../../src/domain/experiment/method.js'
import type { ColumnRow } from '../../../src/domain/tables/columns.js'
import type { ErrorRow } from '../../../src/domain/tables/errors.js'
import type { Row } from '../../../src/domain/tables/table.js'
import type { TileRow } from '../../../src/domain/tables/tiles.js'
import { digitalAlgebra } from '../../../src/engines/digital/algebra.js'
import { loadParameters } from '../../../src/engines/digital/parameters.js'
import { openWorkbench } from '../../../src/engines/workbench.js'
import { openCheckpoint, type Checkpoint } from '../../../src/io/checkpoint/checkpoint.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { openAnalog } from '../../../src/pipelines/analog.js'
import { batchOf, type Sequence } from '../../../src/pipelines/batches.js'
import { enginePool } from '../../../src/pipelines/enginePool.js'
import { columnRows, errorRows, tileRows } from '../../../src/pipelines/experiment/chipTables.js'
import { runExperiment } from '../../../src/pipelines/experiment/run.js'
import { allUnits, unitsFolder, type Workspace } from '../../../src/pipelines/experiment/workspace.js'
import type { ExampleData, OpenTask } from '../../../src/pipelines/openTask.js'
import { silent } from '../../../src/pipelines/progress.js'
import { tokenised } from '../../../src/pipelines/tokenised.js'
import { checkpointWith, failure, folderWith } from '../../io/fixture.js'
import { repository, shared } from '../../shared.js'
import { prepared } from '../prepared.js'

const cola = join(repository, 'data/models/cola')
const ranges = { columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } }
/** Pieces of unequal sizes; few calibration examples and a low bound, so that converters clip. */
const written = {
  ...{ schema: 1, name: 'tables', seed: 3 },
  tasks: [{ task: 'cola', checkpoint: cola, data: join(repository, 'data/glue/CoLA'), examples: 12 }],
  hardware: { tile: { rows: 50, columns: 40 }, adc: { bound: 3 }, driftCompensation: 'per-column' },
  repeat: { chips: 2, reads: 2, times: ['1 h', '0 s'] },
  calibration: { examples: 2 },
  methods: [
    { name: 'digital', execution: 'digital' },
    { name: 'measured', ...ranges },
    { name: 'twin', ...ranges },
    {
      ...{ name: 'other', ...ranges },
      hardware: { adc: { bits: 'off' }, outputNoise: 0, wireResistanceOhm: 1, driftCompensation: 'none' },
    },
  ],
}
const times = [3600, 0]

const ran = async (config: object): Promise<Workspace> => {
  const workspace = await prepared(folderWith(), config)
  const engines = enginePool(workspace.settings, { workers: 0 }, silent)
  const { signal } = new AbortController()
  try {
    await runExperiment(workspace, {
      shard: { index: 0, of: 1 },
      formats: ['arrow'],
      progress: silent,
      signal,
      engines,
    })
  } finally {
    await engines.close()
  }
  return workspace
}
const collected = async <R extends Row>(rows: AsyncGenerator<R>): Promise<readonly R[]> => {
  const all: R[] = []
  for await (const row of rows) all.push(row)
  return all
}

/** The whole of a data set in one batch. */
const batchFor = async (open: OpenTask, data: ExampleData): Promise<Batch> => {
  const sequences: Sequence[] = []
  for await (const { example, ids } of tokenised(open, data)) sequences.push({ ids, example: example.index })
  return batchOf(sequences)
}

/** Inputs of every linear layer [rows][inputs], digitally. */
const digitalInputs = async (
  checkpoint: Checkpoint,
  batch: Batch,
): Promise<ReadonlyMap<string, readonly Float32Array[]>> => {
  const heap = createHeap()
  const bench = await orThrow(openWorkbench(heap, {}))
  const read = (name: string, out: Float32Array): Promise<void> => orThrow(checkpoint.readInto(name, out))
  const parameters = await loadParameters(checkpoint.architecture, read, heap, bench.kernels)
  const found = new Map<string, readonly Float32Array[]>()
  bench.scratch.within(() => {
    const algebra = digitalAlgebra(bench, parameters, batch)
    const linear: typeof algebra.linear = (name, x) => {
      const rows = Array.from({ length: x.rows }, (_, r) => heap.f32(x.at + 4 * r * x.width, x.width).slice())
      found.set(name, rows)
      return algebra.linear(name, x)
    }
    logits({ ...algebra, linear }, checkpoint.architecture, batch)
  })
  return found
}

describe('the tables about chips', () => {
  let workspace: Workspace
  let checkpoint: Checkpoint
  let tiles: readonly TileRow[] = []
  let columns: readonly ColumnRow[] = []
  let errors: readonly ErrorRow[] = []
  let calibration: Batch
  let scored: Batch
  let inputs: ReadonlyMap<string, readonly Float32Array[]>
  const weights = new Map<string, Float32Array>()

  const tile: TileSize = { rows: 50, columns: 40 }
  const layers = () => linearLayers(checkpoint.architecture)
  const places = () => layers().flatMap(l => tilesOf(l, tile).map(t => ({ ...t, width: l.inputs })))
  const methodNamed = (name: string): AnalogMethod => {
    const found = workspace.config.methods.find(m => m.name === name)
    if (found?.execution !== 'analog') throw new Error(`no analog method ${name}`)
    return found
  }
  const largestInput = (layer: string, first: number, size: number): number =>
    Math.max(...(inputs.get(layer) ?? []).flatMap(x => [...x.subarray(first, first + size)].map(Math.abs)))
  /** A column of a tile. */
  const weightsOf = (layer: string, column: number, first: number, size: number): readonly number[] => {
    const w = weights.get(layer) ?? new Float32Array(0)
    const width = layers().find(l => l.name === layer)?.inputs ?? NaN
    return [...w.subarray(column * width + first, column * width + first + size)]
  }

  beforeAll(async () => {
    workspace = await ran(written)
    tiles = await collected(tileRows(workspace))
    columns = await collected(columnRows(workspace))
    errors = await collected(errorRows(workspace))
    const [open] = workspace.tasks
    if (open === undefined || open.calibration === null) throw new Error('no calibration')
    checkpoint = open.checkpoint
    calibration = await batchFor(open, open.calibration)
    scored = await batchFor(open, open)
    expect([calibration.examples.length, scored.examples.length]).toEqual([2, 12])
    inputs = await digitalInputs(checkpoint, calibration)
    for (const { name, inputs: n, outputs } of layers()) {
      const w = new Float32Array(n * outputs)
      await orThrow(checkpoint.readInto(`${name}.weight`, w))
      weights.set(name, w)
    }
  })

  test('tiles: a row a tile and method, where it lies and what its converters cover', () => {
    const analog = ['measured', 'twin', 'other']
    expect(tiles.map(r => [r.task, r.method, r.layer, r.tile])).toEqual(
      analog.flatMap(method => places().map(t => ['cola', method, t.layer, t.index])),
    )
    places().forEach((t, i) => {
      const row = tiles[i]
      const input_range = largestInput(t.layer, t.rows.first, t.rows.size)
      expect(row).toMatchObject({
        ...{ first_row: t.rows.first, rows: t.rows.size, first_column: t.columns.first, columns: t.columns.size },
        ...{ weights: t.rows.size * t.columns.size, utilisation: (t.rows.size * t.columns.size) / 2000 },
        ...{ clipped_weights: 0, input_range },
      })
    })
    expect(new Set(tiles.map(r => r.rows)).size).toBeGreaterThan(1)
  })

  test.each(['measured', 'other'])(
    'columns and tiles: what %s leaves on every pass, summed and averaged',
    async name => {
      const method = methodNamed(name)
      const chosen = places().map(t => ({
        inputRange: largestInput(t.layer, t.rows.first, t.rows.size),
        fullScales: Float32Array.from({ length: t.columns.size }, (_, j) =>
          Math.max(...weightsOf(t.layer, t.columns.first + j, t.rows.first, t.rows.size).map(Math.abs)),
        ),
      }))
      const hardware = hardwareOf(workspace.config, method)
      const engine = await openAnalog(checkpoint, { hardware, seed: 3, ranges: chosen, vectors: null }, { workers: 0 })
      const counts = new Float64Array(2 * chosen.length)
      const alphas = new Map<number, Float64Array>()
      for (const chip of [0, 1])
        for (const read of [0, 1])
          for (const timeSeconds of times) {
            await engine.read({ chip, read, timeSeconds })
            const found = await engine.run(scored)
            found.counts.forEach((c, i) => (counts[i] = (counts[i] ?? NaN) + c))
            const sums = alphas.get(timeSeconds) ?? new Float64Array(engine.alphas().length)
            engine.alphas().forEach((a, i) => (sums[i] = (sums[i] ?? NaN) + a / 4))
            alphas.set(timeSeconds, sums)
          }
      await engine.close()

      const own = tiles.filter(r => r.method === name)
      places().forEach((t, i) => {
        const vectors = 8 * (t.layer.startsWith('classifier') ? 12 : scored.ids.length)
        const [clipped = NaN, saturated = NaN] = counts.subarray(2 * i, 2 * i + 2)
        expect(own[i]).toMatchObject({
          inputs: vectors * t.rows.size,
          outputs: vectors * t.columns.size,
          clipped_inputs: clipped / (vectors * t.rows.size),
          saturated_outputs: name === 'other' ? null : saturated / (vectors * t.columns.size),
        })
      })
      const share = (of: 'clipped_inputs' | 'saturated_outputs'): number => Math.max(...own.map(r => r[of] ?? 0))
      expect(share('clipped_inputs')).toBeGreaterThan(0.001)
      if (name === 'measured') expect(share('saturated_outputs')).toBeGreaterThan(0.001)

      let at = 0
      const expected = places().flatMap((t, i) =>
        Array.from({ length: t.columns.size }, (_, j) => {
          const w = weightsOf(t.layer, t.columns.first + j, t.rows.first, t.rows.size)
          const mean = w.reduce((a, b) => a + b, 0) / w.length
          const place = at++
          return times.map(time_seconds => ({
            ...{ task: 'cola', method: name, layer: t.layer, tile: t.index, column: t.columns.first + j },
            full_scale: chosen[i]?.fullScales[j],
            gain: 1,
            abs_max: Math.max(...w.map(Math.abs)),
            deviation: Math.sqrt(w.reduce((a, b) => a + (b - mean) ** 2, 0) / w.length),
            time_seconds,
            alpha: alphas.get(time_seconds)?.[place],
          }))
        }).flat(),
      )
      const rows = columns.filter(r => r.method === name)
      expect(rows).toHaveLength(expected.length)
      rows.forEach((row, i) => {
        const { alpha, deviation, ...rest } = expected[i] ?? {}
        expect(row).toMatchObject(rest)
        expect(row.alpha).toBeCloseTo(alpha ?? NaN, 12)
        expect(row.deviation).toBeCloseTo(deviation ?? NaN, 12)
      })
      const factors = rows.filter(r => r.time_seconds === 3600).map(r => r.alpha)
      if (name === 'other') expect(new Set(rows.map(r => r.alpha))).toEqual(new Set([1]))
      else expect(factors.reduce((a, b) => a + b, 0) / factors.length).toBeGreaterThan(1.05)
    },
  )

  test('errors: a row for every time, layer and source that the chip has', () => {
    const sources = {
      measured: ['ranges', 'programming', 'drift', 'read', 'dac', 'adc', 'output noise', 'all'],
      twin: ['ranges', 'programming', 'drift', 'read', 'dac', 'adc', 'output noise', 'all'],
      other: ['ranges', 'programming', 'drift', 'read', 'dac', 'ir drop', 'all'],
    }
    expect(errors.map(r => [r.task, r.method, r.time_seconds, r.layer, r.source])).toEqual(
      Object.entries(sources).flatMap(([method, own]) =>
        times.flatMap(t => layers().flatMap(l => own.map(s => ['cola', method, t, l.name, s]))),
      ),
    )
    for (const row of errors) {
      expect(row.tokens).toBe(row.layer.startsWith('classifier') ? 2 : calibration.ids.length)
      // Before its reference time a device has not drifted; ranges of the largest weight clip nothing.
      const none = (row.source === 'drift' && row.time_seconds === 0) || row.source === 'ranges'
      if (none) expect(row.error).toBeLessThan(1e-6)
      else {
        expect(row.error).toBeGreaterThan(1e-5)
        // A bound as low as this clips the tails of a Gaussian, which so few sums do not have; and the head has no more
        // than two vectors of calibration, so that its measurement scatters.
        const clips = row.source === 'adc' || (row.source === 'all' && row.method !== 'other')
        if (clips || row.layer.startsWith('classifier')) continue
        const ratio = row.error / (row.predicted ?? NaN)
        expect([row.layer, row.source, ratio > 0.4 && ratio < 1.8]).toEqual([row.layer, row.source, true])
      }
    }
  })

  test('errors: what does not change with time is the same at all; the rest is not, nor readouts behind a compensation', () => {
    const at = (time: number, source: string) =>
      errors.filter(r => r.method === 'measured' && r.time_seconds === time && r.source === source).map(r => r.error)
    for (const source of ['ranges', 'programming', 'dac']) expect(at(3600, source)).toEqual(at(0, source))
    for (const source of ['drift', 'read', 'all', 'adc', 'output noise'])
      expect(at(3600, source)).not.toEqual(at(0, source))
  })

  test('errors: the relative error of rounded inputs is what plain sums give', () => {
    const rows = errors.filter(r => r.method === 'other' && r.time_seconds === 0 && r.source === 'dac')
    layers().forEach(({ name, inputs: n, outputs }, l) => {
      const w = weights.get(name) ?? new Float32Array(0)
      const betas = tiles.filter(t => t.method === 'other' && t.layer === name && t.first_column === 0)
      const tileAt = (i: number) => betas.find(t => i >= t.first_row && i < t.first_row + t.rows)
      const beta = (i: number): number => tileAt(i)?.input_range ?? NaN
      // Where inputs are almost all 1 or -1, as behind a trained model's tanh, the cells' grid shows beside the rounding.
      const onGrid = w.map((v, at) => {
        const [j, tile] = [Math.floor(at / n), tileAt(at % n)]
        const first = j * n + (tile?.first_row ?? NaN)
        const largest = w
          .subarray(first, first + (tile?.rows ?? NaN))
          .reduce((most, x) => Math.max(most, Math.abs(x)), 0)
        return (Math.round((v / largest) * 32767) * largest) / 32767
      })
      let [error, energy] = [0, 0]
      for (const x of inputs.get(name) ?? []) {
        const rounded = x.map((v, i) => (Math.round((127 * v) / beta(i)) * beta(i)) / 127)
        for (let j = 0; j < outputs; j++) {
          let [off, y] = [0, 0]
          for (let i = 0; i < n; i++) {
            off += (onGrid[j * n + i] ?? NaN) * (rounded[i] ?? NaN) - (w[j * n + i] ?? NaN) * (x[i] ?? NaN)
            y += (w[j * n + i] ?? NaN) * (x[i] ?? NaN)
          }
          error += off * off
          energy += y * y
        }
      }
      expect((rows[l]?.error ?? NaN) / Math.sqrt(error / energy)).toBeCloseTo(1, 4)
    })
  })

  test('methods that differ in name only share their units and have rows of their own', () => {
    // Of four methods: one pass digitally, two times eight on chips, and two times ranges and errors.
    expect(workspace.units.length + workspace.methodUnits.length).toBe(1 + 3 * 8 + 3 * 2)
    expect(readdirSync(unitsFolder(workspace.out))).toHaveLength(1 + 2 * 8 + 2 * 2)
    // What a plan holds and a run counts are files.
    expect(allUnits(workspace)).toHaveLength(1 + 2 * 8 + 2 * 2)
    const ofMethod = <R extends { readonly method: string }>(rows: readonly R[], method: string) =>
      rows.filter(r => r.method === method).map(r => ({ ...r, method: '' }))
    for (const rows of [tiles, columns, errors]) {
      expect(ofMethod<{ method: string }>(rows, 'twin')).toEqual(ofMethod<{ method: string }>(rows, 'measured'))
      expect(ofMethod<{ method: string }>(rows, 'twin').length).toBeGreaterThan(0)
    }
  })
})

describe('a workspace', () => {
  const keys = async (change: object): Promise<readonly string[]> =>
    allUnits(await prepared(folderWith(), { ...written, ...change })).flatMap(u => (u.kind === 'errors' ? [] : [u.key]))

  test('with a time added, one more chip and one more read has every unit it had before, but for the errors', async () => {
    const before = await keys({})
    const after = await keys({ repeat: { chips: 3, reads: 3, times: ['1 d', ...written.repeat.times] } })
    expect(before.filter(key => !after.includes(key))).toEqual([])
    expect(after).toHaveLength(1 + 2 * 27 + 2)
  })

  test('with more tiles in a layer than random numbers have addresses for is refused before anything runs', async () => {
    const checkpoint = shared('data/models/sst2')
    const [task] = written.tasks
    const tasks = [{ ...task, task: 'sst2', checkpoint, data: join(repository, 'data/glue/SST-2') }]
    await expect(
      prepared(folderWith(), { ...written, tasks, hardware: { tile: { rows: 2, columns: 2 } } }),
    ).rejects.toThrow(
      `${checkpoint}: encoder.layer.0.intermediate.dense: expected at most 65536 tiles, found 147456 of 2 x 2 (method "measured", hardware.tile)`,
    )
  })
})

describe('calibration', () => {
  test('examples beyond the split are refused, naming file and split', async () => {
    await expect(prepared(folderWith(), { ...written, calibration: { examples: 4001 } })).rejects.toThrow(
      `${join(repository, 'data/glue/CoLA')}: split train: expected at least 4001 examples, found 4000`,
    )
    // What no chip is calibrated with is not looked for.
    const [digital] = written.methods
    await prepared(folderWith(), { ...written, methods: [digital], calibration: { examples: 4001 } })
  })

  test('inputs that are no numbers, or too large, are refused, naming checkpoint, tile and example', async () => {
    // A gain that is a number, as the checkpoint demands, with which the next layer's inputs are none.
    const folder = checkpointWith(cola, 'roberta.encoder.layer.0.output.LayerNorm.weight', 5, 3.4e38)
    const [task] = written.tasks
    const refused = new RegExp(
      `^${folder}: encoder\\.layer\\.1\\.attention\\.self\\.query, tile 0: expected inputs below 2\\^30 in magnitude on the calibration examples, found (\\S+) at input 5 of example 0$`,
    )
    const message = await failure(ran({ ...written, tasks: [{ ...task, checkpoint: folder }] }))
    expect(message).toMatch(refused)
    expect(Math.abs(Number(refused.exec(message)?.[1]))).not.toBeLessThan(2 ** 30)
    expect((await orThrow(openCheckpoint(folder))).architecture.hidden).toBe(64)
  })
})
