/** Configs as people may write them, and ways to spoil them. */
import { fc } from '@fast-check/vitest'
import type { Json } from '../../../src/domain/experiment/config.js'

type Written = Readonly<Record<string, Json>>

const bits = fc.oneof(fc.integer({ min: 2, max: 12 }), fc.constant('off'))
const positive = fc.double({ min: 1e-6, max: 100, noNaN: true })
const amount = fc.double({ min: 0, max: 10, noNaN: true })
const count = fc.integer({ min: 1, max: 1000 })
const duration = fc
  .tuple(fc.nat(10_000), fc.constantFrom('', '.5', '.25'), fc.constantFrom(' s', 's', ' min', ' h', 'd', ' y'))
  .map(parts => parts.join(''))
const durations = fc.uniqueArray(duration, { minLength: 1, maxLength: 3, selector: parseSeconds })
const path = fc.stringMatching(/^[a-z./]{1,12}$/)

function parseSeconds(text: string): number {
  const factor = { s: 1, min: 60, h: 3600, d: 86_400, y: 31_536_000 }[text.replace(/[^a-z]/g, '')] ?? 0
  return Number.parseFloat(text) * factor
}

const partial = (fields: Record<string, fc.Arbitrary<Json>>, requiredKeys: string[] = []): fc.Arbitrary<Written> =>
  fc.record(fields, { requiredKeys })

const knots = (low: number): fc.Arbitrary<Json> => amount.map(a => [[0, low], [12, a], [25, a / 2]]) // prettier-ignore

const device: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom('pcm', 'hermes-1', 'hermes-2'),
  partial({ preset: fc.constantFrom('pcm', 'hermes-2'), gMaxMicroSiemens: fc.constantFrom(5, 20) }, ['preset']),
  fc.record({
    name: fc.constant('mine'),
    gMaxMicroSiemens: fc.constant(25),
    referenceTime: fc.constantFrom('20 s', '1 min'),
    readTimeSeconds: fc.constant(2.5e-7),
    programmingDeviation: knots(0.2),
    driftMean: knots(0.1),
    driftDeviation: knots(0),
    readNoise: knots(0.01),
  }),
)

export const hardware: fc.Arbitrary<Written> = partial({
  device,
  tile: partial({ rows: fc.integer({ min: 1, max: 512 }), columns: fc.integer({ min: 1, max: 512 }) }),
  dac: partial({ bits }),
  adc: partial({ bits, bound: positive }),
  outputNoise: amount,
  readNoise: fc.constantFrom('per read', 'per VMM'),
  noiseScales: partial({ programming: amount, drift: amount, read: amount }),
  wireResistanceOhm: amount,
  driftCompensation: fc.constantFrom('none', 'global', 'per-column', 'least-squares', 'affine', 'moments'),
})

const start = fc.constantFrom('abs-max', 'learned')
const rule = (name: string, fields: Record<string, fc.Arbitrary<Json>> = {}, needed: string[] = []) =>
  partial({ rule: fc.constant(name), ...fields }, ['rule', ...needed])

const columnHeuristic = fc.oneof(
  rule('weight-standard-deviations', { standardDeviations: positive }, ['standardDeviations']),
  rule('output-current', { standardDeviations: amount, inputs: count, start }),
)
const inputHeuristic = fc.oneof(
  rule('percentile', { percentile: positive, of: fc.constantFrom('magnitude', 'signed value'), start }, ['percentile']),
  rule('standard-deviations', { standardDeviations: positive }, ['standardDeviations']),
)

const columnRange = fc.oneof(
  rule('fixed', { value: positive }, ['value']),
  rule('fixed', { file: path }, ['file']),
  rule('abs-max'),
  columnHeuristic,
  rule('learned'),
  rule('optimal', { start: fc.oneof(start, columnHeuristic) }),
)

const inputRange = fc.oneof(
  rule('fixed', { value: positive }, ['value']),
  rule('abs-max'),
  inputHeuristic,
  rule('dynamic'),
  rule('optimal', { start: fc.oneof(start, inputHeuristic) }),
)

/** Rows are scaled only where both ranges are searched for. */
const scalable = (method: Written): Written =>
  method.rowScale === 'optimal'
    ? { ...method, columnRange: { rule: 'optimal' }, inputRange: { start: 'learned', rule: 'optimal' } }
    : method

const method: fc.Arbitrary<Written> = fc.oneof(
  partial(
    { name: fc.constant(''), execution: fc.constant('digital'), engine: fc.constantFrom('ohmflow', 'tensorflow') },
    ['name', 'execution'],
  ),
  partial(
    {
      name: fc.constant(''),
      execution: fc.constant('analog'),
      columnRange,
      inputRange,
      objective: partial({ weights: fc.constantFrom('logits', 'none'), times: durations }),
      spare: fc.constantFrom('none', 'columns', 'columns and rows'),
      rowScale: fc.constantFrom('none', 'optimal'),
      irDrop: fc.constantFrom('none', 'pre-distort', 'place', 'both'),
      hardware,
    },
    ['name'],
  ).map(scalable),
)

const train = partial({
  examples: count,
  preset: fc.constantFrom('plain', 'paper', 'fast'),
  epochs: count,
  learningRate: fc.constant(5e-5),
  weightNoise: fc.oneof(
    rule('constant', { deviation: amount, relativeTo: fc.constantFrom('column', 'tile') }, ['deviation']),
    rule('device', { time: duration }, ['time']),
  ),
  quantise: fc.boolean(),
  weightClip: rule('none'),
  learn: fc.constantFrom([], ['input ranges'], ['input ranges', 'column ranges']),
  activations: fc.constantFrom('kept', 'recomputed'),
})

const sweep = fc.oneof(
  partial({ 'hardware.adc.bits': fc.array(bits, { minLength: 1 }), combine: fc.constantFrom('crossed', 'zipped') }, [
    'hardware.adc.bits',
  ]),
  fc.constant({ 'methods.0.columnRange.inputs': [1, 2], 'repeat.chips': [3], seed: [1, 2, 3] }),
)

/** Everything the vocabulary allows, in every mixture of written and left out. */
export const written: fc.Arbitrary<Written> = partial(
  {
    $schema: fc.constant('https://example.org/ohmflow.schema.json'),
    schema: fc.constant(1),
    name: fc.constantFrom('a', '...', 'sst2 on pcm', 'Größe µ 😀'),
    seed: fc.maxSafeNat(),
    tasks: fc.uniqueArray(fc.constantFrom('cola', 'sst2', 'stsb', 'mnli-mm'), { minLength: 1 }).chain(names =>
      fc.tuple(
        ...names.map(name =>
          partial(
            {
              task: fc.constant(name),
              checkpoint: path,
              data: path,
              tokenizer: path,
              examples: count,
              split: fc.constantFrom('dev', 'test'),
            },
            ['task', 'checkpoint', 'data'],
          ),
        ),
      ),
    ),
    hardware,
    repeat: partial({ chips: count, reads: count, times: durations }),
    calibration: partial({ split: fc.constant('train'), examples: count }),
    methods: fc
      .array(method, { minLength: 1, maxLength: 4 })
      .map(all => all.map((m, i) => ({ ...m, name: `method ${i}` }))),
    train,
    sweep,
  },
  ['schema', 'name', 'seed', 'tasks', 'methods'],
)

const isRecord = (value: Json): value is Written => typeof value === 'object' && value !== null && !Array.isArray(value)

const spoilers: readonly ((value: Json) => Json | undefined)[] = [
  () => undefined,
  () => null,
  () => -1,
  () => 1.5,
  () => 1e9,
  () => '',
  () => 'nonsense',
  () => [],
  () => ({}),
  value => [value],
  value => ({ value }),
  value => (typeof value === 'number' ? -value : value),
  value => (typeof value === 'string' ? `${value}x` : value),
  value => (typeof value === 'string' ? `${value}/x` : value),
  value => (isRecord(value) ? { ...value, exmples: 1 } : value),
]

const spoilAt = (value: Json, pick: number, spoil: (value: Json) => Json | undefined): Json | undefined => {
  if (typeof value !== 'object' || value === null) return spoil(value)
  const entries = Object.entries(value)
  const chosen = pick % (entries.length + 1)
  if (chosen === entries.length) return spoil(value)
  const changed = entries.flatMap(([key, item], i): [string, Json][] => {
    const now = i === chosen ? spoilAt(item, Math.floor(pick / (entries.length + 1)), spoil) : item // parts of Json
    return now === undefined ? [] : [[key, now]]
  })
  return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed)
}

/** A config with one value anywhere in it spoilt; it may still be a good one. */
export const spoilt: fc.Arbitrary<Json> = fc
  .tuple(written, fc.nat(1_000_000_000), fc.constantFrom(...spoilers))
  .map(([config, pick, spoil]) => spoilAt(config, pick, spoil) ?? null)
