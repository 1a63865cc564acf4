/** Ranges by every rule, on the repository's own model: the same with any workers, each where its rule says, none refused late. */
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { tilesOf } from '../../src/domain/crossbar/tiling.js'
import { linearLayers } from '../../src/domain/encoder/architecture.js'
import type { AnalogMethod } from '../../src/domain/experiment/method.js'
import { logitContrasts } from '../../src/domain/ranges/contrasts.js'
import { expectedError } from '../../src/domain/ranges/objective.js'
import { convertersOf } from '../../src/engines/analog/parameters.js'
import { tileObjective } from '../../src/engines/calibration/optimise.js'
import { placeMoments } from '../../src/pipelines/analog.js'
import { calibrated } from '../../src/pipelines/calibration.js'
import { enginePool } from '../../src/pipelines/enginePool.js'
import { silent } from '../../src/pipelines/progress.js'
import type { ChosenRanges } from '../../src/pipelines/ranges.js'
import { checkpointWith, failure, folderWith } from '../io/fixture.js'
import { repository } from '../shared.js'
import { prepared } from './prepared.js'

const cola = join(repository, 'data/models/cola')
const optimal = { rule: 'optimal' }
const methods = [
  { name: 'abs-max' },
  { name: 'percentile', inputRange: { rule: 'percentile', percentile: 95 } },
  { name: 'signed', inputRange: { rule: 'percentile', percentile: 95, of: 'signed value' } },
  { name: 'deviations', inputRange: { rule: 'standard-deviations', standardDeviations: 3 } },
  { name: 'fixed', inputRange: { rule: 'fixed', value: 2 }, columnRange: { rule: 'fixed', value: 0.1 } },
  { name: 'weights', columnRange: { rule: 'weight-standard-deviations', standardDeviations: 2 } },
  {
    name: 'paper',
    inputRange: { rule: 'percentile', percentile: 95 },
    columnRange: { rule: 'output-current', standardDeviations: 4, inputs: 3 },
  },
  { name: 'current', columnRange: { rule: 'output-current', standardDeviations: 4, inputs: 3 } },
  { name: 'optimal', inputRange: optimal, columnRange: optimal },
  {
    name: 'unweighted',
    inputRange: optimal,
    columnRange: optimal,
    objective: { weights: 'none', times: ['0 s', '1 y'] },
  },
  { name: 'scaled', inputRange: optimal, columnRange: optimal, rowScale: 'optimal' },
  {
    name: 'optimal, from the paper',
    inputRange: { rule: 'optimal', start: { rule: 'percentile', percentile: 95 } },
    columnRange: { rule: 'optimal', start: { rule: 'output-current', standardDeviations: 4, inputs: 3 } },
  },
  { name: 'only inputs', inputRange: optimal },
  { name: 'only columns', columnRange: optimal },
  {
    name: 'paper, inputs optimal',
    inputRange: optimal,
    columnRange: { rule: 'output-current', standardDeviations: 4, inputs: 3 },
  },
]
/** The rules that searches start from, by the names of methods that have only those. */
const starts = new Map([
  ['paper, inputs optimal', 'current'],
  ['optimal, from the paper', 'paper'],
])
const config = (change: object = {}) => ({
  ...{ schema: 1, name: 'ranges', seed: 3, methods },
  tasks: [{ task: 'cola', checkpoint: cola, data: join(repository, 'data/glue/CoLA'), examples: 4 }],
  hardware: { tile: { rows: 50, columns: 40 }, adc: { bound: 3 } },
  calibration: { examples: 5 },
  ...change,
})

/** By method. @param reversed asks for the methods in the other order */
const chosen = async (written: object, workers: number, reversed = false) => {
  const workspace = await prepared(folderWith(), written)
  const engines = enginePool(workspace.settings, { workers }, silent)
  const found = new Map<string, readonly ChosenRanges[]>()
  try {
    const [open] = workspace.tasks
    if (open === undefined) throw new Error('no task')
    const analog = workspace.config.methods as readonly AnalogMethod[] // as: all of them are
    for (const method of reversed ? analog.toReversed() : analog)
      found.set(method.name, await engines.ranges({ open }, method))
  } finally {
    await engines.close()
  }
  return found
}
describe('ranges of a task', () => {
  let found: ReadonlyMap<string, readonly ChosenRanges[]>
  beforeAll(async () => {
    found = await chosen(config(), 0)
  })
  const of = (name: string): readonly ChosenRanges[] => found.get(name) ?? []

  test('are the same with any number of workers, and whichever method asks first', async () => {
    const plain = (all: typeof found) => methods.map(({ name }) => [name, all.get(name)])
    expect(plain(await chosen(config(), 2, true))).toEqual(plain(found))
  })

  test('are where their rules say', () => {
    of('abs-max').forEach((absMax, i) => {
      const [percentile, signed, deviations, fixed] = ['percentile', 'signed', 'deviations', 'fixed'].map(n => of(n)[i])
      expect(percentile?.inputRange).toBeLessThan(absMax.inputRange)
      // 95 % of the numbers lie below what 95 % of the magnitudes do.
      expect(signed?.inputRange).toBeLessThanOrEqual(percentile?.inputRange ?? NaN)
      expect(deviations?.fullScales).toEqual(absMax.fullScales)
      expect(fixed?.inputRange).toBe(2)
      expect(of('weights')[i]?.clippedWeights).toBeGreaterThan(0)
      const paper = of('paper')[i]
      expect(paper?.inputRange).toBe(percentile?.inputRange)
      paper?.fullScales.forEach((c, j) => expect(c).toBeGreaterThanOrEqual(absMax.fullScales[j] ?? NaN))
    })
    // Somewhere currents would not have fitted the ADC.
    expect(of('paper').some((p, i) => p.fullScales.some((c, j) => c > (of('abs-max')[i]?.fullScales[j] ?? NaN)))).toBe(
      true,
    )
  })

  test('change only what is to be optimal, and gains only with columns', () => {
    const ones = (gains: Float32Array | undefined): boolean => gains?.every(g => g === 1) ?? false
    of('abs-max').forEach((absMax, i) => {
      const [inputs, columns, both] = ['only inputs', 'only columns', 'optimal'].map(n => of(n)[i])
      expect(inputs?.fullScales).toEqual(absMax.fullScales)
      expect(columns?.inputRange).toBe(absMax.inputRange)
      expect([ones(absMax.gains), ones(inputs?.gains)]).toEqual([true, true])
      expect([ones(columns?.gains), ones(both?.gains)]).toEqual([false, false])
    })
    const inputRanges = (name: string): readonly number[] => of(name).map(r => r.inputRange)
    expect(inputRanges('optimal')).not.toEqual(inputRanges('abs-max'))
    expect(inputRanges('unweighted')).not.toEqual(inputRanges('optimal'))
    expect(inputRanges('paper, inputs optimal')).not.toEqual(inputRanges('paper'))
  })

  test('start where they are told to, and are never worse than that', () => {
    of('optimal, from the paper').forEach(({ expected }, i) => {
      expect(expected?.chosen).toBeLessThanOrEqual(expected?.start ?? NaN)
      const absMax = of('optimal')[i]?.expected
      if ((absMax?.start ?? 0) > 0) expect(expected?.start).not.toBe(absMax?.start)
      // Wherever they start, they end at much the same.
      expect(expected?.chosen).toBeLessThanOrEqual(1.1 * (absMax?.chosen ?? NaN))
    })
  })

  test('scale rows only where asked to, and win by it', () => {
    const expectedOf = (name: string): number => of(name).reduce((sum, r) => sum + (r.expected?.chosen ?? NaN), 0)
    expect(expectedOf('scaled')).toBeLessThan(0.95 * expectedOf('optimal'))
    const places = of('scaled').map(({ rowScales, clippedInputs }) => [rowScales.length, clippedInputs] as const)
    expect(places.filter(([rows]) => rows > 0).length).toBeGreaterThan(places.length / 2)
    for (const [rows, cut] of places) expect(cut === null).toBe(rows > 0)
    for (const { name } of methods) if (name !== 'scaled') for (const r of of(name)) expect(r.rowScales).toHaveLength(0)
  })

  test('with wires, say how the IR drop is compensated, and are searched for behind them', async () => {
    const rules = ['none', 'pre-distort', 'place', 'both'] as const
    const kinds = [
      ['plain', {}],
      ['optimal', { inputRange: optimal, columnRange: optimal }],
    ] as const
    const all = kinds.flatMap(([kind, change]) =>
      rules.map(irDrop => ({ name: `${kind} ${irDrop}`, irDrop, ...change })),
    )
    const wires = (wireResistanceOhm: number) =>
      config({ methods: all, hardware: { tile: { rows: 50, columns: 40 }, adc: { bound: 3 }, wireResistanceOhm } })
    const [wired, bare] = [await chosen(wires(5), 2), await chosen(wires(0), 0)]
    for (const [kind] of kinds)
      for (const rule of rules) {
        const own = wired.get(`${kind} ${rule}`) ?? []
        expect(own.every(r => r.preDistorted === (rule === 'pre-distort' || rule === 'both'))).toBe(true)
        const places = rule === 'place' || rule === 'both'
        expect(own.every(r => (r.rowOrder !== undefined) === places)).toBe(true)
        for (const { rowOrder } of own)
          if (rowOrder !== undefined) expect([...rowOrder].sort((a, b) => a - b)).toEqual([...rowOrder.keys()])
        expect(bare.get(`${kind} ${rule}`)).toEqual(bare.get(`${kind} none`))
      }
    expect(wired.get('plain both')?.map(r => r.fullScales)).toEqual(wired.get('plain none')?.map(r => r.fullScales))
    const scales = rules.map(rule => wired.get(`optimal ${rule}`)?.map(r => r.fullScales))
    expect(new Set(scales.map(s => JSON.stringify(s))).size).toBe(4)
  })

  test('come with the objective they were searched for, per example, at the start and as they are', async () => {
    const workspace = await prepared(folderWith(), config())
    const [open] = workspace.tasks
    if (open === undefined || open.calibration === null) throw new Error('no calibration')
    const calibrating = { options: { workers: 0 }, progress: silent, before: () => Promise.resolve() }
    const { hardware } = workspace.config
    const tiles = linearLayers(open.checkpoint.architecture).flatMap(layer => tilesOf(layer, hardware.tile))
    for (const [weights, times, names] of [
      [
        'logits',
        [3600],
        ['optimal', 'optimal, from the paper', 'only inputs', 'only columns', 'paper, inputs optimal'],
      ],
      ['none', [0, 31_536_000], ['unweighted']],
    ] as const) {
      const contrasts = weights === 'none' ? null : logitContrasts(open.checkpoint.architecture.labels)
      const passing = { observed: 'errors', tile: hardware.tile, contrasts } as const
      await calibrated(open, open.calibration, passing, calibrating, ({ heap, parameters }) => {
        const chip = {
          ...{ converters: convertersOf(hardware), driftCompensation: hardware.driftCompensation },
          moments: times.map(time => placeMoments(heap, hardware, time)),
          first: placeMoments(heap, hardware, 0),
          wires: null,
        }
        for (const name of names)
          tiles.forEach((place, k) => {
            const objective = tileObjective({ heap }, parameters, place, chip)
            const [ranges, start] = [of(name)[k], of(starts.get(name) ?? 'abs-max')[k]]
            if (ranges === undefined || start === undefined) throw new Error(`no tile ${k}`)
            expect(ranges.expected).toEqual({
              start: expectedError(objective, start).total / 5,
              chosen: expectedError(objective, ranges).total / 5,
            })
          })
        return Promise.resolve()
      })
    }
    for (const name of ['abs-max', 'paper', 'fixed']) for (const { expected } of of(name)) expect(expected).toBeNull()
  })

  test('need the examples that they look at', async () => {
    const rule = { rule: 'output-current', inputs: 6 }
    expect(await failure(chosen(config({ methods: [{ name: 'paper', columnRange: rule }] }), 0))).toContain(
      'methods.0.columnRange.inputs: expected at most 5 inputs, one a calibration example, found 6',
    )
  })

  test('are refused of a model whose numbers are too large, by layer, tile and example', async () => {
    // A finite number, as the checkpoint demands, and every token's.
    const folder = checkpointWith(cola, 'roberta.encoder.layer.1.attention.self.value.bias', 3, 1e30)
    const broken = config({
      tasks: [{ task: 'cola', checkpoint: folder, data: join(repository, 'data/glue/CoLA'), examples: 4 }],
      methods: [{ name: 'optimal', inputRange: optimal, columnRange: optimal }],
    })
    const refused =
      /encoder\.layer\.1\.attention\.output\.dense, tile 0: expected inputs below 2\^30 in magnitude on the calibration examples, found (\S+) at input 3 of example 0$/
    const found = refused.exec(await failure(chosen(broken, 0)))?.[1]
    // The mean over tokens of what each has, to the rounding of attention's shares.
    expect(Number(found) / 1e30).toBeCloseTo(1, 4)
  })
})
