/** Sweeps, run as a person runs them: the rows of the runs that they stand for, to the bit, with less work. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../shared.js'
import { configsIn, ohmflow, temporaryFolder, type Way } from './ohmflow.js'

const cola = join(repository, 'data/models/cola')
const experiment = {
  ...{ schema: 1, name: 'small sweep', seed: 4 },
  tasks: [{ task: 'cola', examples: 6, checkpoint: cola, data: join(repository, 'data/glue/CoLA') }],
  hardware: { tile: { rows: 64, columns: 64 }, adc: { bits: 6 } },
  repeat: { chips: 1, times: ['1 h'] },
  calibration: { examples: 2 },
  methods: [
    { name: 'digital', execution: 'digital' },
    { name: 'chip' },
    { name: 'optimal', columnRange: { rule: 'optimal' }, inputRange: { rule: 'optimal' } },
  ],
}
const sweep = { seed: [4, 5], 'hardware.adc.bits': [5, 'off'] }
/** In the order of the keys. */
const settings = sweep['hardware.adc.bits'].flatMap(bits => sweep.seed.map(seed => ({ bits, seed })))
/** Digital once, ranges once a chip, passes and errors once a chip and seed. */
const units = 1 + 2 * 2 + 2 * 4 + 2 * 4

const names = ['scores', 'predictions', 'tiles', 'columns', 'errors'] as const
const files = names.flatMap(n => [`${n}.parquet`, `${n}.arrow`])
const folder = temporaryFolder()
const write = configsIn(folder)
const config = write('sweep', { ...experiment, sweep })

const run = (path: string, out: string, more: readonly string[] = [], way: Way = {}) =>
  ohmflow(['run', path, '--out', out, '--formats', 'parquet,arrow', ...more], way)
const present = (out: string): readonly string[] => files.filter(f => existsSync(join(out, f)))
const bytesOf = (out: string): readonly string[] => files.map(f => readFileSync(join(out, f)).toString('base64'))
const unitsOf = (out: string): readonly string[] => readdirSync(join(out, 'units'))
const unit = (out: string, name: string): string => readFileSync(join(out, 'units', name)).toString('base64')
const rowsOf = (out: string, name: (typeof names)[number]): readonly Record<string, unknown>[] =>
  tableFromIPC(readFileSync(join(out, `${name}.arrow`)))
    .toArray()
    .map((row: { toJSON: () => Record<string, unknown> }) => row.toJSON())
    .map(row => (row.logits === undefined ? row : { ...row, logits: Array.from(row.logits as Iterable<number>) }))

// How long it takes decides nothing: on a busy machine a command takes a minute.
describe('ohmflow run with a sweep', { timeout: 900_000 }, () => {
  const whole = join(folder, 'whole')
  let bytes: readonly string[] = []
  let printed = ''
  let milliseconds = 0

  beforeAll(async () => {
    const started = performance.now()
    const ended = await run(config, whole, ['--workers', '1'])
    milliseconds = performance.now() - started
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stderr).toContain(`${units} units (0 were there already)`)
    expect(present(whole)).toEqual(files)
    expect(unitsOf(whole)).toHaveLength(units)
    printed = ended.stdout
    bytes = bytesOf(whole)
  }, 900_000)

  test('rows and units of each setting are those of a run of its own, to the bit', async () => {
    const found = Object.fromEntries(names.map(name => [name, rowsOf(whole, name)]))
    const expected: Record<string, Record<string, unknown>[]> = {}
    for (const [i, { bits, seed }] of settings.entries()) {
      const out = join(folder, `single ${i}`)
      const hardware = { ...experiment.hardware, adc: { bits } }
      const single = write(`single ${i}`, { ...experiment, hardware, seed })
      expect(await run(single, out, ['--workers', '2'])).toMatchObject({ code: 0 })
      for (const name of unitsOf(out)) expect([name, unit(whole, name)]).toEqual([name, unit(out, name)])
      for (const name of names)
        expected[name] = [
          ...(expected[name] ?? []),
          ...rowsOf(out, name).map(row => ({ 'hardware.adc.bits': String(bits), seed, ...row })),
        ]
    }
    for (const name of names) expect([name, found[name]]).toEqual([name, expected[name]])
    // They do differ: digital once, two methods in four settings.
    const passes = new Map<string, string>()
    for (const { method, seed, 'hardware.adc.bits': bits, logits } of found.predictions ?? []) {
      const pass = method === 'digital' ? 'digital' : `${String(method)} ${String(seed)} ${String(bits)}`
      passes.set(pass, `${passes.get(pass) ?? ''}${method === 'digital' ? '' : JSON.stringify(logits)}`)
    }
    expect(new Set(passes.values()).size).toBe(1 + 2 * 4)
  })

  test('axes are columns of every table, typed, described, in front', () => {
    for (const name of names) {
      const { schema } = tableFromIPC(readFileSync(join(whole, `${name}.arrow`)))
      const [first, second, third] = schema.fields
      expect([first, second, third].map(f => [f?.name, String(f?.type)])).toEqual([
        ['hardware.adc.bits', 'Utf8'],
        ['seed', 'Int32'],
        ['task', 'Utf8'],
      ])
      expect(first?.metadata.get('description')).toContain('varied by the sweep: Resolution [bits]')
      expect(schema.metadata.get('ohmflow:seed')).toBe('4, 5')
    }
  })

  test('the same bytes from shards into one folder, with any number of workers', async () => {
    const out = join(folder, 'sharded')
    for (const i of [2, 0, 1]) {
      const ended = await run(config, out, ['--workers', String(i + 1), '--shard', `${i}/3`])
      expect(ended.code).toBe(0)
      expect(present(out)).toEqual(i === 1 ? files : [])
    }
    expect([...unitsOf(out)].sort()).toEqual([...unitsOf(whole)].sort())
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('the same bytes after it was killed on the way', async () => {
    const out = join(folder, 'killed')
    const kill = { when: milliseconds / 2, signal: 'SIGKILL' } as const
    await run(config, out, ['--workers', '1'], { kill })
    expect(await run(config, out, ['--workers', '1'])).toMatchObject({ code: 0 })
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('prints one ladder: digital once, methods in every setting', async () => {
    const lines = printed.split('\n').filter(line => /^(-|5|off) /.test(line))
    expect(lines.map(line => line.split(/ +/).slice(0, 3))).toEqual([
      ['-', '-', 'digital'],
      ...settings.flatMap(({ bits, seed }) => ['chip', 'optimal'].map(m => [String(bits), String(seed), m])),
    ])
    const json = await run(config, whole, ['--json'])
    const all = json.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>) // as: objects
    expect(all).toHaveLength(4 * 3 + 1)
    expect(all[0]).toMatchObject({ 'hardware.adc.bits': '5', seed: 4, task: 'cola', method: 'digital' })
    const { summary, differences } = all.at(-1) as Record<string, readonly object[]> // as: the last line
    expect(summary).toHaveLength(4 * 3)
    expect(summary?.[11]).toMatchObject({ 'hardware.adc.bits': 'off', seed: 5, method: 'optimal' })
    expect(differences).toHaveLength(4)
  })

  test('plan says how much it is and what is shared; calibrate keeps a folder of ranges a setting, which run takes over', async () => {
    const plan = await ohmflow(['plan', config, '--json'])
    expect(JSON.parse(plan.stdout)).toMatchObject({
      ...{ settings: 4, units, missing: units },
      // For each setting digital, and of two methods a pass, ranges and errors; inputs and errors are summed up once.
      shared: { units: 4 * (1 + 2 * 3), tasks: 4, opened: 1, ranges: 8, calibrations: 2 },
    })
    const text = (await ohmflow(['plan', config, '--out', whole])).stdout
    expect(text).toContain('4 settings: hardware.adc.bits (2 values) x seed (2 values)\n')
    expect(text).toContain(`${units} units, 0 to compute`)
    const out = join(folder, 'calibrated')
    const calibrated = await ohmflow(['calibrate', config, '--out', out, '--json'])
    expect(calibrated.code).toBe(0)
    expect(calibrated.stderr).toContain('calibration, errors of layers')
    expect(calibrated.stderr.match(/calibration, (inputs|errors) of layers/g)).toHaveLength(2)
    for (const i of [0, 1, 2, 3])
      expect(readdirSync(join(out, String(i)))).toEqual(['chip.ranges.json', 'optimal.ranges.json'])
    const ranges = (i: number): string => readFileSync(join(out, String(i), 'optimal.ranges.json'), 'utf8')
    // By bits, not by seed.
    expect([ranges(1) === ranges(0), ranges(2) === ranges(0), ranges(3) === ranges(2)]).toEqual([true, false, true])
    for (const name of unitsOf(out)) expect(unit(out, name)).toBe(unit(whole, name))
  })

  test('shards in folders of their own are merged into the same bytes', async () => {
    const shards = [0, 1].map(i => join(folder, `apart-${i}`))
    for (const [i, out] of shards.entries()) expect((await run(config, out, ['--shard', `${i}/2`])).code).toBe(0)
    const out = join(folder, 'merged')
    const ended = await ohmflow(['merge', ...shards, '--out', out, '--formats', 'parquet,arrow'])
    expect([ended.code, ended.stdout]).toEqual([0, printed])
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('what is wrong with a setting is told with its key and value, before anything is computed', async () => {
    const refused = async (values: object): Promise<string> => {
      const ended = await run(write('refused', { ...experiment, sweep: values }), join(folder, 'refused'))
      expect([ended.code, ended.stdout]).toEqual([2, ''])
      return ended.stderr
    }
    expect(await refused({ 'hardware.adc.bits': [6, 13] })).toContain(
      'refused.json: sweep["hardware.adc.bits"].1: expected an integer in [2, 12] or "off", found 13',
    )
    expect(await refused({ 'tasks.0.checkpoint': [cola, 'nowhere'] })).toContain(
      'refused.json: sweep["tasks.0.checkpoint"].1: expected a folder with a checkpoint, found nothing at',
    )
    expect(await refused({ 'tasks.0.checkpoint': [cola, folder] })).toContain(
      `found none, with tasks.0.checkpoint ${folder} of the sweep`,
    )
    // Optimal columns under it have no objective yet.
    expect(await refused({ 'methods.2.inputRange': [{ rule: 'optimal' }, { rule: 'dynamic' }] })).toMatch(
      /refused\.json: sweep\["methods\.2\.inputRange"\]\.1\.rule: expected .* found "dynamic", which is not available in this version/,
    )
    expect(await refused({ name: ['a', 'b'] })).toContain(
      'refused.json: sweep.name: expected a dotted key that the results of a run depend on, found one of "name"',
    )
    expect(existsSync(join(folder, 'refused'))).toBe(false)
    const train = await ohmflow(['train', config, '--out', join(folder, 'refused')])
    expect([train.code, train.stderr]).toMatchObject([2, expect.stringContaining('sweep: expected it left out')])
  })
})
