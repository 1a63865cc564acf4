/** Errors by source: what is measured on many chips against what the moments predict, and against the engine itself. */
import { beforeAll, describe, expect, test } from 'vitest'
import { split, tilesOf } from '../../../src/domain/crossbar/tiling.js'
import { linearLayers, type Architecture } from '../../../src/domain/encoder/architecture.js'
import { isAmplified, withOnly } from '../../../src/domain/experiment/error-sources.js'
import type { Hardware, HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import { normalDistribution } from '../../../src/domain/statistics/normal.js'
import type { ErrorSource } from '../../../src/domain/tables/errors.js'
import type { TileRanges } from '../../../src/engines/analog/parameters.js'
import { comparesWithFirst } from '../../../src/engines/analog/readTile.js'
import { numbersALayer } from '../../../src/engines/errors/interpreter.js'
import { loadPlain } from '../../../src/engines/errors/parameters.js'
import { interpreter } from '../../../src/engines/interpreter.js'
import { openWorkbench } from '../../../src/engines/workbench.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { chipSettings, momentAt, placeMoments } from '../../../src/pipelines/analog.js'
import { batchOf } from '../../../src/pipelines/batches.js'
import { expectNoSurprise, type Comparison } from '../../statistical.js'
import { architecture as small, chipWith, made, rangesOf, sequences } from '../analog/miniature.js'
import { onChip } from '../analog/on-chip.js'

const architecture: Architecture = { ...small, hidden: 48, layers: 1, intermediate: 80 }
const model = made(architecture)
const layers = linearLayers(architecture)
/** Those that every token goes through; the head sees a handful of vectors. */
const body = layers.flatMap(({ name }, i) => (name.startsWith('classifier') ? [] : [i]))
const tile = { rows: 32, columns: 32 }
const batch = batchOf(sequences.slice(0, 9))
const ranges = rangesOf(model, tile)
const seed = 5

const heap = createHeap()
const bench = await orThrow(openWorkbench(heap, {}))
const loadWith = (ranges: readonly TileRanges[]) => {
  let at = 0
  const rangesOfLayer = new Map(
    layers.map(({ name, inputs, outputs }) => {
      const own = split(inputs, tile.rows).length * split(outputs, tile.columns).length
      at += own
      return [name, ranges.slice(at - own, at)]
    }),
  )
  const read = (name: string, out: Float32Array): Promise<void> => orThrow(model.checkpoint.readInto(name, out))
  return loadPlain(architecture, name => rangesOfLayer.get(name) ?? [], null, read, heap)
}
const parameters = await loadWith(ranges)
const { perform } = interpreter(bench, { kind: 'errors', parameters })
/** The same with targets pre-distorted, and rows in an order of no merit. */
const rowsOfTiles = layers.flatMap(layer => tilesOf(layer, tile).map(({ rows }) => rows.size))
const compensated = interpreter(bench, {
  kind: 'errors',
  parameters: await loadWith(
    ranges.map((r, k) => ({
      ...{ ...r, preDistorted: true },
      rowOrder: Uint32Array.from({ length: rowsOfTiles[k] ?? 0 }, (_, i) => i).sort(
        (a, b) => Math.sin(a * 7.3) - Math.sin(b * 7.3),
      ),
    })),
  ),
})

/** The same with inputs cut to a fifth of their range, and half of all rows on two rows of devices or on three. */
const narrow = ranges.map(r => ({ ...r, inputRange: r.inputRange / 5 }))
const cut = interpreter(bench, { kind: 'errors', parameters: await loadWith(narrow) })
const onSeveral = interpreter(bench, {
  kind: 'errors',
  parameters: await loadWith(
    narrow.map((r, k) => ({
      ...r,
      rowCopies: Uint16Array.from([0, ...Array.from({ length: (rowsOfTiles[k] ?? 0) >> 1 }, (_, i) => 2 * i)]),
    })),
  ),
})

/** Rows scaled by up to four octaves, at the same full scales and input ranges: weights are clipped, inputs cut. */
const scaledRows = interpreter(bench, {
  kind: 'errors',
  parameters: await loadWith(
    ranges.map((r, k) => ({
      ...r,
      rowScales: Float32Array.from({ length: rowsOfTiles[k] ?? 0 }, (_, i) => 2 ** (((i * 5) % 9) / 2 - 2)),
    })),
  ),
})

interface Energies {
  readonly exact: number
  /** By chip. */
  readonly measured: readonly number[]
  readonly expected: readonly number[]
}

/** By layer. @param change to a chip that has everything but wires */
const energies = (
  source: ErrorSource,
  seconds: number,
  chips: number,
  change: HardwareOverride = {},
  engine: Pick<typeof compensated, 'perform'> = { perform },
): readonly Energies[] => {
  const hardware: Hardware = withOnly(chipWith({ tile, outputNoise: 0.04, ...change }), source)
  const readingOf = (own: Hardware) => ({
    chip: chipSettings(heap, own, seed),
    now: momentAt(own, seconds),
    first: comparesWithFirst(own) ? momentAt(own, 0) : null,
    moments: placeMoments(heap, own, seconds),
  })
  const common = readingOf(hardware)
  const whole = readingOf(chipWith({ tile, outputNoise: 0.04, ...change }))
  const variants = Array.from({ length: chips }, (_, k) => {
    const occasion = { chip: k, read: k % 3 }
    return {
      ...common,
      occasion,
      amplifiedAs: isAmplified(whole.chip.hardware, source) ? { ...whole, occasion } : null,
    }
  })
  const found = engine.perform({ kind: 'layer errors', batch, variants })
  const width = numbersALayer(chips)
  expect(found).toHaveLength(width * layers.length)
  return layers.map((_, l) => {
    const own = [...found.subarray(l * width, (l + 1) * width)]
    const every = (first: number): readonly number[] => own.slice(1).filter((__, i) => i % 2 === first)
    return { exact: own[0] ?? NaN, measured: every(0), expected: every(1) }
  })
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
const mean = (values: readonly number[]): number => sum(values) / values.length
const total = (all: readonly Energies[], of: 'measured' | 'expected'): number => sum(all.map(e => mean(e[of])))

/** How probable it is that these, one a chip, have the mean 0. */
const about0 = (name: string, values: readonly number[]): Comparison => {
  const m = mean(values)
  const error = Math.sqrt(sum(values.map(v => (v - m) ** 2)) / (values.length - 1) / values.length)
  return { name: `${name}: ${m} +- ${error}`, probability: 2 * normalDistribution(-Math.abs(m / error)) }
}

test('copies of rows are in the prediction: of their devices, and of what the DAC cuts off', () => {
  for (const [source, chips, tolerance] of [
    ['programming', 60, 0.06],
    ['dac', 1, 0.15],
  ] as const) {
    const [one, several] = [cut, onSeveral].map(engine => energies(source, 0, chips, {}, engine))
    if (one === undefined || several === undefined) throw new Error('no energies')
    const within = body.map(l => several[l]).filter(e => e !== undefined)
    expect(Math.abs(total(within, 'measured') / total(within, 'expected') - 1)).toBeLessThan(tolerance)
    // What the copies do is far more than that.
    expect(total(several, 'measured') / total(one, 'measured')).toBeLessThan(0.85)
  }
})

test('scaled rows are in the prediction: of their devices, their clipped weights, and what the DAC makes of their inputs', () => {
  for (const [source, chips, tolerance] of [
    ['programming', 60, 0.06],
    ['dac', 1, 0.15],
    ['all', 60, 0.1],
  ] as const) {
    const [plain, scaled] = [{ perform }, scaledRows].map(engine => energies(source, 0, chips, {}, engine))
    if (plain === undefined || scaled === undefined) throw new Error('no energies')
    const within = body.map(l => scaled[l]).filter(e => e !== undefined)
    expect(Math.abs(total(within, 'measured') / total(within, 'expected') - 1)).toBeLessThan(tolerance)
    // What the factors do is far more than that.
    expect(Math.abs(Math.log(total(scaled, 'measured') / total(plain, 'measured')))).toBeGreaterThan(0.5)
  }
})

test('on average over chips, the noise of a source alone has the energy that the moments predict', () => {
  const chips = 90
  const cases: readonly (readonly [string, ErrorSource, number, HardwareOverride])[] = [
    ['programming', 'programming', 0, {}],
    ['drift', 'drift', 86_400, {}],
    ['read', 'read', 3600, {}],
    ['read per VMM', 'read', 3600, { readNoise: 'per VMM' }],
    ['output noise', 'output noise', 0, {}],
  ]
  const comparisons = cases.flatMap(([name, source, seconds, change]) => {
    const found = energies(source, seconds, chips, change)
    const ratio = (l: number): readonly number[] =>
      Array.from({ length: chips }, (_, k) => (found[l]?.measured[k] ?? NaN) / (found[l]?.expected[k] ?? NaN) - 1)
    const ratios = layers.map((_, l) => ratio(l))
    const together = Array.from({ length: chips }, (_, k) => mean(body.map(l => ratios[l]?.[k] ?? NaN)))
    // Sharp enough to see a constant that is 5 % off.
    const spread = Math.sqrt(mean(together.map(v => v * v)) / chips)
    expect([name, spread < 0.005]).toEqual([name, true])
    // There is an error to speak of.
    expect(found.every(e => mean(e.expected) > 1e-6 * e.exact)).toBe(true)
    return [
      ...ratios.map((r, l) => about0(`${name}: ${layers[l]?.name}`, r)),
      about0(`${name}: all but the head`, together),
    ]
  })
  expectNoSurprise('predicted errors', comparisons)
})

describe('rounding and everything together', () => {
  const cases: readonly (readonly [string, ErrorSource, number, number, HardwareOverride])[] = [
    ['the DAC', 'dac', 0, 1, {}],
    ['the ADC', 'adc', 0, 1, {}],
    ['a DAC of 5 bits', 'dac', 0, 1, { dac: { bits: 5 } }],
    ['an ADC of 5 bits', 'adc', 0, 1, { adc: { bits: 5, bound: 6 } }],
    ['the ADC, after a year', 'adc', 31_536_000, 1, { driftCompensation: 'global' }],
    ['output noise, after a year', 'output noise', 31_536_000, 4, { driftCompensation: 'global' }],
    ['all, right after programming', 'all', 0, 30, {}],
    ['all, after a day', 'all', 86_400, 30, {}],
    ['all, after a day, compensated', 'all', 86_400, 30, { driftCompensation: 'least-squares' }],
    ['all, after a day, global', 'all', 86_400, 30, { driftCompensation: 'global' }],
    ['all, after a day, with wires, read per VMM', 'all', 86_400, 30, { wireResistanceOhm: 3, readNoise: 'per VMM' }],
  ]
  test.each(cases)('%s: as predicted within 5 %, layer by layer within 15 %', (_, source, seconds, chips, change) => {
    const found = energies(source, seconds, chips, change)
    const own = found.filter((__, l) => body.includes(l))
    expect(Math.abs(total(own, 'measured') / total(own, 'expected') - 1)).toBeLessThan(0.05)
    for (const l of body) {
      const e = found.slice(l, l + 1)
      expect(Math.abs(total(e, 'measured') / total(e, 'expected') - 1)).toBeLessThan(0.15)
    }
  })

  test('the ADC alone is known code by code, in the head too, whatever it clips', () => {
    for (const bound of [12, 3, 0.5]) {
      const found = energies('adc', 0, 1, { adc: { bits: 8, bound } })
      found.forEach(({ exact, measured: [m = NaN], expected: [e = NaN] }) => {
        expect(Math.abs(m / e - 1)).toBeLessThan(0.01)
        if (bound < 1) expect(m / exact).toBeGreaterThan(0.1)
      })
    }
  })

  test('an ADC that clips most of what noisy devices give is predicted, layer by layer', () => {
    const found = energies('all', 86_400, 30, { adc: { bits: 5, bound: 0.5 }, driftCompensation: 'least-squares' })
    for (const l of body) {
      const e = found.slice(l, l + 1)
      expect(Math.abs(total(e, 'measured') / total(e, 'expected') - 1)).toBeLessThan(0.05)
    }
  })

  test('a factor that each column measures for itself takes away the error of about one of its rows', () => {
    const found = energies('all', 86_400, 30, { driftCompensation: 'per-column' }).filter((_, l) => body.includes(l))
    const ratio = total(found, 'measured') / total(found, 'expected')
    expect(ratio).toBeLessThan(1)
    // A tile has 24 to 27 rows.
    expect(ratio).toBeGreaterThan(1 - 2 / 24)
  })

  test('several chips are predicted alike where nothing is measured on them', () => {
    const [first] = energies('all', 3600, 3)
    expect(new Set(first?.expected).size).toBe(1)
    expect(new Set(first?.measured).size).toBe(3)
  })
})

test('IR drop alone is as predicted: both know everything', () => {
  for (const wireResistanceOhm of [0.35, 5, 50]) {
    const found = energies('ir drop', 0, 1, { wireResistanceOhm })
    found.forEach(({ exact, measured: [m = NaN], expected: [e = NaN] }) => {
      expect(Math.abs(m / e - 1)).toBeLessThan(1e-3)
      expect(m / exact).toBeGreaterThan(1e-8 * wireResistanceOhm ** 2)
    })
  }
})

test('IR drop that is compensated is as predicted, and less', () => {
  for (const wireResistanceOhm of [5, 50]) {
    const found = energies('ir drop', 0, 1, { wireResistanceOhm }, compensated)
    const bare = energies('ir drop', 0, 1, { wireResistanceOhm })
    found.forEach(({ measured: [m = NaN], expected: [e = NaN] }, l) => {
      expect(Math.abs(m / e - 1)).toBeLessThan(1e-3)
      expect(m).toBeLessThan(0.5 * (bare[l]?.measured[0] ?? NaN))
    })
  }
  // Devices as they are: capped and idle ones too.
  const hardware: HardwareOverride = { wireResistanceOhm: 30, driftCompensation: 'least-squares' }
  const found = energies('all', 86_400, 30, hardware, compensated).filter((_, l) => body.includes(l))
  expect(Math.abs(total(found, 'measured') / total(found, 'expected') - 1)).toBeLessThan(0.05)
})

test('without any source there is no error but rounding', () => {
  const found = energies('ir drop', 0, 1, { wireResistanceOhm: 0 })
  for (const { exact, measured, expected } of found) {
    expect(mean(measured) / exact).toBeLessThan(1e-11)
    expect(mean(expected) / exact).toBeLessThan(1e-11)
  }
})

describe('what is measured', () => {
  const change: HardwareOverride = {
    tile,
    ...{ outputNoise: 0.04, readNoise: 'per VMM', driftCompensation: 'global', wireResistanceOhm: 1 },
  }
  let chip: Awaited<ReturnType<typeof onChip>>
  beforeAll(async () => {
    chip = await onChip(change, { model, ranges, seed })
  })

  test('is the chip itself, with its own draws: the first layers on the engine err by the same', async () => {
    const found = energies('all', 3600, 2, change)
    for (const k of [0, 1]) {
      await chip.readChip({ chip: k, read: k % 3, timeSeconds: 3600 })
      // Their inputs are digital ones.
      for (const { layer, rows, x, y } of chip.seen(batch, { chip: k, read: k % 3 }).layers.slice(0, 3)) {
        const l = layers.findIndex(({ name }) => name === layer)
        const { inputs, outputs } = layers[l] ?? { inputs: 0, outputs: 0 }
        const w = model.tensors.get(`${layer}.weight`) ?? new Float32Array(0)
        const bias = model.tensors.get(`${layer}.bias`) ?? new Float32Array(0)
        let [energy, error] = [0, 0]
        for (let r = 0; r < rows; r++)
          for (let j = 0; j < outputs; j++) {
            let exact = 0
            for (let i = 0; i < inputs; i++) exact += (x[r * inputs + i] ?? NaN) * (w[j * inputs + i] ?? NaN)
            energy += exact * exact
            error += ((y[r * outputs + j] ?? NaN) - (bias[j] ?? NaN) - exact) ** 2
          }
        expect(Math.abs((found[l]?.exact ?? NaN) / energy - 1)).toBeLessThan(1e-6)
        expect(Math.abs((found[l]?.measured[k] ?? NaN) / error - 1)).toBeLessThan(1e-5)
      }
    }
  })

  test('shares its draws between times and between sources', () => {
    const at = (source: ErrorSource, seconds: number): readonly number[] =>
      energies(source, seconds, 1).map(e => e.measured[0] ?? NaN)
    expect(at('programming', 3600)).toEqual(at('programming', 0))
    expect(at('output noise', 3600)).toEqual(at('output noise', 0))
    // What programming does alone is most of what everything does right after it.
    const [alone, all] = [sum(at('programming', 0)), sum(at('all', 0))]
    expect(alone / all).toBeGreaterThan(0.2)
    expect(alone).toBeLessThan(all)
  })
})

test('other tasks, and batches, are refused', () => {
  expect(() => perform({ kind: 'observe', batch, group: 0, contrast: null, again: false })).toThrow(
    'expected one that looks into errors, got observe',
  )
  expect(() => interpreter(bench, { kind: 'errors', parameters }).run(batch, {})).toThrow('got a batch')
  expect(perform({ kind: 'layer errors', batch, variants: [] })).toHaveLength(0)
})
