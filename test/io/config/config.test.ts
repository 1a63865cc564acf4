import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { isRight } from 'fp-ts/lib/Either.js'
import { describe, expect } from 'vitest'
import { unavailable } from '../../../src/domain/experiment/available.js'
import { hardwareOf, type Config, type Json } from '../../../src/domain/experiment/config.js'
import { describe as message } from '../../../src/domain/problem.js'
import { readOrigin } from '../../../src/domain/random/addresses.js'
import { canonicalJson, configHash } from '../../../src/io/config/canonical.js'
import { decodeConfig, encodeConfig, readConfig } from '../../../src/io/config/config.js'
import { shared } from '../../shared.js'
import { folderWith } from '../fixture.js'
import { spoilt, written } from './written.js'

const decoded = (json: unknown): Config => {
  const result = decodeConfig('c.json', '/exp', json)
  if (isRight(result)) return result.right
  throw new Error(result.left.map(message).join('\n'))
}

const messages = (json: unknown): readonly string[] => {
  const result = decodeConfig('c.json', '/exp', json)
  return isRight(result) ? [] : result.left.map(message)
}

const digital = { name: 'digital', execution: 'digital' }
const task = { task: 'sst2', checkpoint: '../m', data: 'd' }
const good = { schema: 1, name: 'x', seed: 1, tasks: [task], methods: [digital] }

describe('shared configs', () => {
  test.each(['sst2-digital.json', 'sst2-pcm.json', 'ladder.json'])('%s decodes, and all of it is built', async name => {
    const result = await readConfig(shared('configs', name))()
    if (!isRight(result)) throw new Error(result.left.map(message).join('\n'))
    expect(unavailable(name, result.right)).toBeNull()
    expect(result.right.tasks[0]?.checkpoint).toEqual({
      written: '../data/models/sst2',
      resolved: shared('data', 'models', 'sst2'),
    })
  })

  test('ladder.json means what it says', async () => {
    const result = await readConfig(shared('configs', 'ladder.json'))()
    if (!isRight(result)) throw new Error('refused')
    const last = result.right.methods.at(-1)
    if (last?.execution !== 'analog') throw new Error('not analog')
    expect(last.spare).toBe('columns')
    expect(last.objective).toEqual({ weights: 'logits', times: [3600] })
    expect(hardwareOf(result.right, last)).toEqual({ ...result.right.hardware, driftCompensation: 'affine' })
    expect(result.right.hardware.wireResistanceOhm).toBe(0.35)
    expect(result.right.methods[4]).toMatchObject({
      name: 'paper',
      columnRange: { rule: 'output-current', standardDeviations: 3, inputs: 2, start: 'abs-max' },
      inputRange: { rule: 'percentile', percentile: 99.995, of: 'magnitude' },
    })
  })
})

test('as many chips and reads as random numbers have addresses for', () => {
  const { repeat } = decoded({ ...good, repeat: { chips: 4096, reads: 65_536 } })
  const last = { seed: 1, chip: repeat.chips - 1, read: repeat.reads - 1, layer: 0 }
  expect(() => readOrigin(last)).not.toThrow()
  expect(() => readOrigin({ ...last, chip: repeat.chips })).toThrow('"chip"')
  expect(() => readOrigin({ ...last, read: repeat.reads })).toThrow('"read"')
})

describe('messages', () => {
  const cases: readonly (readonly [string, unknown, readonly string[]])[] = [
    [
      'a misspelt key',
      { ...good, tasks: [{ ...task, exmples: 3 }] },
      [
        'c.json: tasks.0.exmples: expected one of the keys of a task: task, checkpoint, data, tokenizer, examples, split (did you mean "examples"?), found the unknown key "exmples"',
      ],
    ],
    [
      'a misspelt rule',
      { ...good, methods: [{ name: 'o', columnRange: { rule: 'optmal' } }] },
      [
        'c.json: methods.0.columnRange.rule: expected one of "fixed", "abs-max", "weight-standard-deviations", "output-current", "learned", "optimal" (did you mean "optimal"?), found "optmal"',
      ],
    ],
    [
      'a rule without its object',
      { ...good, methods: [{ name: 'o', inputRange: 'abs-max' }] },
      ['c.json: methods.0.inputRange: expected an input range (an object such as {"rule":"abs-max"}), found "abs-max"'],
    ],
    [
      'a start that is none',
      {
        ...good,
        methods: [
          { name: 'o', columnRange: { rule: 'optimal', start: 'paper' } },
          { name: 'p', inputRange: { rule: 'optimal', start: { rule: 'percentile', percentile: 0 } } },
          { name: 'q', inputRange: { rule: 'optimal', start: { rule: 'dynamic' } } },
          { name: 'r', inputRange: { rule: 'optimal', start: 3 } },
        ],
      },
      [
        'c.json: methods.0.columnRange.start: expected one of "abs-max", "learned", found "paper"',
        'c.json: methods.1.inputRange.start.percentile: expected a number in (0, 100], found 0',
        'c.json: methods.2.inputRange.start.rule: expected one of "percentile", "standard-deviations", found "dynamic"',
        'c.json: methods.3.inputRange.start: expected one of "abs-max", "learned", or a rule to start from (an object such as {"rule":"standard-deviations"}), found 3',
      ],
    ],
    [
      'rows scaled beside ranges that are not searched for',
      { ...good, methods: [{ name: 'o', rowScale: 'optimal', columnRange: { rule: 'optimal' } }] },
      [
        'c.json: methods.0.rowScale: expected "none", or the rule "optimal" for both ranges too, found "optimal" with "optimal" columns and "abs-max" inputs',
      ],
    ],
    [
      'half a row',
      { ...good, hardware: { tile: { rows: 1.5 } } },
      ['c.json: hardware.tile.rows: expected an integer in [1, 512], found 1.5'],
    ],
    [
      'a number in quotes',
      { ...good, hardware: { outputNoise: '0.04' } },
      ['c.json: hardware.outputNoise: expected a number in [0, 100], found "0.04"'],
    ],
    [
      'too many bits',
      { ...good, hardware: { dac: { bits: 16 } } },
      ['c.json: hardware.dac.bits: expected an integer in [2, 12] or "off", found 16'],
    ],
    [
      'a unit that is none',
      { ...good, repeat: { times: ['1 h', '1 week'] } },
      [
        'c.json: repeat.times.1: expected a duration such as "1 h" (a number >= 0 and one of s, min, h, d, y), found "1 week"',
      ],
    ],
    [
      'a time before programming',
      { ...good, repeat: { times: ['-1 s'] } },
      [
        'c.json: repeat.times.0: expected a duration such as "1 h" (a number >= 0 and one of s, min, h, d, y), found "-1 s"',
      ],
    ],
    [
      'a time twice, spelt in two ways',
      { ...good, repeat: { times: ['1 h', '60 min'] } },
      ['c.json: repeat.times.1: expected each time once, found the same as in 0'],
    ],
    [
      'more chips and reads than have random numbers of their own',
      { ...good, repeat: { chips: 4097, reads: 65_537 } },
      [
        'c.json: repeat.chips: expected an integer in [1, 4096], found 4097',
        'c.json: repeat.reads: expected an integer in [1, 65536], found 65537',
      ],
    ],
    [
      'a seed too large to be exact',
      { ...good, seed: 2 ** 53 },
      ['c.json: seed: expected an integer in [0, 9007199254740991], found 9007199254740992'],
    ],
    ['no methods', { ...good, methods: [] }, ['c.json: methods: expected methods (an array of at least 1), found []']],
    [
      'no tasks',
      { ...good, tasks: undefined },
      ['c.json: tasks: expected tasks (an array of at least 1), found nothing'],
    ],
    [
      'a method named twice',
      { ...good, methods: [digital, { name: 'digital' }] },
      ['c.json: methods.1.name: expected a name of its own for each method, found the same as in 0'],
    ],
    [
      'a task twice, with one model or with two',
      { ...good, tasks: [task, { ...task, split: 'train' }, { ...task, task: 'cola' }, { ...task, checkpoint: 'n' }] },
      [
        'c.json: tasks.1.task: expected each task once (for another checkpoint, another config), found the same as in 0',
        'c.json: tasks.3.task: expected each task once (for another checkpoint, another config), found the same as in 0',
      ],
    ],
    [
      'a name with a line break',
      { ...good, name: 'a\nb' },
      [
        'c.json: name: expected a name for a folder (not empty, not "." or "..", no "/", "\\", control characters or space at either end), found "a\\nb"',
      ],
    ],
    [
      'a range for a digital method',
      { ...good, methods: [{ ...digital, columnRange: { rule: 'abs-max' } }] },
      [
        'c.json: methods.0.columnRange: expected one of the keys of a digital method: name, execution, engine, found the unknown key "columnRange"',
      ],
    ],
    [
      'a conductance beyond the characterised one',
      { ...good, hardware: { device: { preset: 'pcm', gMaxMicroSiemens: 30 } } },
      ['c.json: hardware.device.gMaxMicroSiemens: expected a number in [0.000001, 25], found 30'],
    ],
    [
      'calibration on what is scored',
      { ...good, methods: [{ name: 'a' }], calibration: { split: 'dev' } },
      ['c.json: calibration.split: expected another split than tasks.0 is scored on, found "dev"'],
    ],
    [
      'a fixed range without one',
      { ...good, methods: [{ name: 'f', columnRange: { rule: 'fixed' } }] },
      ['c.json: methods.0.columnRange: expected exactly one of "value", "file", found neither'],
    ],
    [
      'a sweep over a key that is none',
      { ...good, sweep: { 'hardware.adc.bit': [6] } },
      [
        'c.json: sweep["hardware.adc.bit"]: expected a dotted key of the config, such as "hardware.adc.bits" (did you mean "bits"?), found the unknown key "hardware.adc.bit"',
      ],
    ],
    ['something else', [], ['c.json: expected the config (an object), found []']],
  ]
  test.each(cases)('%s', (_, json, expected) => expect(messages(json)).toEqual(expected))

  test('all problems are told, not the first', () => {
    const bad = { ...good, name: '', seed: -1, tasks: [{ ...task, task: 'sst3' }, { data: 1 }], methods: [{}, 3] }
    const result = decodeConfig('c.json', '/exp', bad)
    expect(isRight(result) ? [] : result.left.map(p => p.place)).toEqual([
      'name',
      'seed',
      'tasks.0.task',
      'tasks.1.task',
      'tasks.1.checkpoint',
      'tasks.1.data',
      'methods.0.name',
      'methods.1',
    ])
  })

  test.each(['', '.', '..', 'a/b', '../a', '/a', 'a\\b', '..\\a', ' a', 'a '])(
    'an experiment is not called %j: its results lie in a folder of that name',
    name => {
      const result = decodeConfig('c.json', '/exp', { ...good, name })
      expect(isRight(result) ? [] : result.left.map(p => p.place)).toEqual(['name'])
    },
  )

  test.each(['...', '.a', 'a.b', '..a', 'x: y', 'Größe µ 😀'])('an experiment is called %j', name => {
    expect(messages({ ...good, name })).toEqual([])
  })

  test('a method is called after whatever it divides', () => {
    expect(messages({ ...good, methods: [{ ...digital, name: 'a/b' }] })).toEqual([])
  })

  test('tables of a device: from 0, growing, up to g_max', () => {
    const table = { name: 'm', gMaxMicroSiemens: 25, referenceTime: '20 s', readTimeSeconds: 1e-7 }
    const flat = [[0, 0.1], [25, 0.1]] // prettier-ignore
    const device = { ...table, programmingDeviation: flat, driftMean: flat, driftDeviation: flat, readNoise: flat }
    const of = (change: object) => messages({ ...good, hardware: { device: { ...device, ...change } } })
    expect(of({})).toEqual([])
    expect(of({ driftMean: [[1, 0], [25, 0]] })).toEqual(['c.json: hardware.device.driftMean.0.0: expected 0, where the table starts, found 1']) // prettier-ignore
    expect(of({ driftMean: [[0, 0], [9, 0], [9, 1], [25, 0]] })).toEqual(['c.json: hardware.device.driftMean.2.0: expected a conductance > 9, found 9']) // prettier-ignore
    expect(of({ driftMean: [[0, 0], [20, 0]] })).toEqual(['c.json: hardware.device.driftMean: expected knots up to gMaxMicroSiemens, 25, found up to 20']) // prettier-ignore
    expect(of({ driftMean: [[0, -0.05], [25, 0.05]] })).toEqual(['c.json: hardware.device.driftMean.0: expected [conductance in uS >= 0, a number in [0, 1000]], found [0,-0.05]']) // prettier-ignore
    expect(of({ readNoise: [[0, -1], [25, 0]] })).toEqual(['c.json: hardware.device.readNoise.0: expected [conductance in uS >= 0, a number in [0, 1000]], found [0,-1]']) // prettier-ignore
  })

  test('tables of a device that binary32 cannot hold are refused, not found out about by a kernel', () => {
    const table = { name: 'm', gMaxMicroSiemens: 25, referenceTime: '20 s', readTimeSeconds: 1e-7 }
    const flat = [[0, 0.1], [25, 0.1]] // prettier-ignore
    const device = { ...table, programmingDeviation: flat, driftMean: flat, driftDeviation: flat, readNoise: flat }
    const of = (change: object) => messages({ ...good, hardware: { device: { ...device, ...change } } })
    expect(of({ readNoise: [[0, 0], [5, 0], [5.0000000001, 1], [25, 0]] })).toEqual(['c.json: hardware.device.readNoise.2.0: expected a conductance > 5 also in binary32, found 5.0000000001']) // prettier-ignore
    expect(of({ readNoise: [[0, 1e300], [25, 0]] })).toEqual(['c.json: hardware.device.readNoise.0: expected [conductance in uS >= 0, a number in [0, 1000]], found [0,1e+300]']) // prettier-ignore
    expect(of({ driftMean: [[0, 0], [25, 1001]] })).toEqual(['c.json: hardware.device.driftMean.1: expected [conductance in uS >= 0, a number in [0, 1000]], found [25,1001]']) // prettier-ignore
    expect(messages({ ...good, hardware: { device: { preset: 'pcm', gMaxMicroSiemens: 1e-300 } } })).toEqual(['c.json: hardware.device.gMaxMicroSiemens: expected a number in [0.000001, 25], found 1e-300']) // prettier-ignore
  })
})

describe('decoding', () => {
  test.prop([written])('takes every config of the vocabulary, and encoding gives it back', config => {
    const once = decoded(config)
    expect(decoded(encodeConfig(once))).toEqual(once)
  })

  test.prop([spoilt], { numRuns: 300 })('never throws, and every problem has file, place and words', json => {
    const result = decodeConfig('c.json', '/exp', json)
    if (isRight(result)) return
    expect(result.left.length).toBeGreaterThan(0)
    const whole = typeof json !== 'object' || json === null || Array.isArray(json)
    for (const p of result.left) {
      expect(p.file).toBe('c.json')
      expect(p.place === '').toBe(whole)
      expect(p.expected).not.toBe('')
      expect(p.found).not.toBe('')
    }
  })

  test.prop([fc.jsonValue()])('never throws on any JSON', json => {
    expect(() => decodeConfig('c.json', '/exp', json)).not.toThrow()
  })

  test('fills in every default', () => {
    const config = decoded({ ...good, methods: [{ name: 'a' }] })
    expect(config.repeat).toEqual({ chips: 3, reads: 1, times: [3600] })
    expect(config.calibration).toEqual({ split: 'train', examples: 64, vectors: 256 })
    expect(config.hardware).toMatchObject({ tile: { rows: 512, columns: 512 }, adc: { bits: 8, bound: 12 } })
    expect(config.tasks[0]).toEqual({
      task: 'sst2',
      checkpoint: { written: '../m', resolved: '/m' },
      data: { written: 'd', resolved: '/exp/d' },
      tokenizer: null,
      examples: null,
      split: 'dev',
    })
    expect(config.methods[0]).toEqual({
      name: 'a',
      execution: 'analog',
      columnRange: { rule: 'abs-max' },
      inputRange: { rule: 'abs-max' },
      objective: { weights: 'logits', times: [3600] },
      spare: 'none',
      rowScale: 'none',
      irDrop: 'none',
      hardware: {},
    })
    expect([config.sweep, config.train]).toEqual([null, null])
  })
})

const shuffled = (json: Json): Json => {
  if (Array.isArray(json)) return (json as readonly Json[]).map(shuffled) // Json[]
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json)
      .reverse()
      .map(([key, value]) => [key, shuffled(value)]),
  )
}

describe('hash', () => {
  test.prop([written])('does not depend on the order of keys or on defaults being written', config => {
    const once = decoded(config)
    expect(configHash(decoded(shuffled(config)))).toBe(configHash(once))
    expect(configHash(decoded(encodeConfig(once)))).toBe(configHash(once))
  })

  test('does not depend on the folder, the unit of a duration, $schema or a preset spelt out', () => {
    const one = { ...good, repeat: { times: ['1 h', '0.5 d'] }, hardware: { device: 'pcm', outputNoise: 0 } }
    const other = {
      $schema: 'x',
      ...good,
      repeat: { times: ['60min', '12 h'], chips: 3 },
      hardware: { device: { preset: 'pcm' }, outputNoise: -0 },
    }
    const elsewhere = decodeConfig('other.json', '/home/b', other)
    if (!isRight(elsewhere)) throw new Error('refused')
    expect(elsewhere.right.hardware.outputNoise).toBe(0) // not -0
    expect(configHash(elsewhere.right)).toBe(configHash(decoded(one)))
  })

  test.each([
    { seed: 2 },
    { name: 'y' },
    { tasks: [{ ...task, data: './d' }] },
    { tasks: [{ ...task, split: 'test' }] },
    { repeat: { times: ['61 min'] } },
    { hardware: { adc: { bound: 10 } } },
    { methods: [{ ...digital, name: 'b' }] },
  ])('changes with %j', change => {
    expect(configHash(decoded({ ...good, ...change }))).not.toBe(configHash(decoded(good)))
  })

  test('is the SHA-256 of sorted, compact JSON', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'é' }], a: 0.1 })).toBe('{"a":0.1,"b":[1,{"c":"é","d":null}]}')
    const config = decoded(good)
    const text = canonicalJson(encodeConfig(config))
    expect(text).toContain('"times":["3600 s"]')
    expect(text).not.toContain('/exp')
    expect(configHash(config)).toBe(createHash('sha256').update(text).digest('hex'))
  })
})

describe('files', () => {
  const refused = async (content: string | Uint8Array | null): Promise<readonly string[]> => {
    const folder = folderWith(content === null ? {} : { 'c.json': content })
    const result = await readConfig(join(folder, 'c.json'))()
    return isRight(result) ? [] : result.left.map(p => message(p).replace(folder, '.'))
  }

  test('absent, a folder, other bytes', async () => {
    expect(await refused(null)).toEqual(['./c.json: expected a file that exists, found none'])
    const result = await readConfig(folderWith())()
    expect(isRight(result) ? [] : result.left.map(p => p.found)).toEqual(['a folder'])
    expect(await refused(Uint8Array.of(0x7b, 0xff, 0x7d))).toEqual([
      './c.json: line 1, column 2: expected UTF-8 text, found byte 0xff at offset 1',
    ])
    expect(await refused('')).toEqual(['./c.json: line 1, column 1: expected a JSON value, found the end of the file'])
  })

  test('faults of JSON by line and column; keys written twice', async () => {
    expect(await refused('{\n  "schema": 1,\n  "name": "x",\n}')).toEqual([
      './c.json: line 4, column 1: expected a key in double quotes, found "}"',
    ])
    expect(await refused('{"seed": 1,\n "seed": 2, "name": "a", "name": "b"}')).toEqual([
      './c.json: line 2, column 2: expected each key once, found the key "seed" again',
      './c.json: line 2, column 26: expected each key once, found the key "name" again',
    ])
  })

  test('a byte order mark is no fault', async () => {
    expect(await refused(`\uFEFF${JSON.stringify(good)}`)).toEqual([])
  })
})
