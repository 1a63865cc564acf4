/** Experiments with chips, run as a person runs them: the same bytes of all five tables however they come about. */
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { isRight } from 'fp-ts/lib/Either.js'
import { parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, test } from 'vitest'
import { stream } from '../../src/domain/random/stream.js'
import { nativeKernels } from '../../src/kernels/native/addon.js'
import { repository } from '../shared.js'
import { configsIn, ohmflow, temporaryFolder, type Way } from './ohmflow.js'

const data = join(repository, 'data')
const task = (name: string, folder: string, examples: number) => ({
  ...{ task: name, examples },
  checkpoint: join(data, 'models', name),
  data: join(data, 'glue', folder),
})
const ranges = { columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } }
const perfect = {
  wireResistanceOhm: 0,
  ...{ dac: { bits: 'off' }, adc: { bits: 'off' }, outputNoise: 0, driftCompensation: 'none' },
  noiseScales: { programming: 0, drift: 0, read: 0 },
}
/** Classes and scores: 2 x (1 + 8) passes, and ranges and errors on both tasks. */
const experiment = {
  ...{ schema: 1, name: 'small chip', seed: 4 },
  tasks: [task('cola', 'CoLA', 20), task('stsb', 'STS-B', 12)],
  hardware: { tile: { rows: 50, columns: 128 }, readNoise: 'per VMM', wireResistanceOhm: 0.35 },
  repeat: { chips: 2, reads: 2, times: ['0 s', '1 h'] },
  calibration: { examples: 3 },
  methods: [
    { name: 'digital', execution: 'digital' },
    { name: 'chip', ...ranges },
  ],
}
const units = 2 * (1 + 8) + 2 * 2

const names = ['scores', 'predictions', 'tiles', 'columns', 'errors'] as const
const files = names.flatMap(n => [`${n}.parquet`, `${n}.arrow`])

const folder = temporaryFolder()
const write = configsIn(folder)
const config = write('config', experiment)

const run = (out: string, more: readonly string[] = [], way: Way = {}) =>
  ohmflow(['run', config, '--out', out, '--formats', 'parquet,arrow', ...more], way)
const present = (out: string): readonly string[] => files.filter(f => existsSync(join(out, f)))
const bytesOf = (out: string): readonly string[] => files.map(f => readFileSync(join(out, f)).toString('base64'))
const unitsOf = (out: string): readonly string[] => readdirSync(join(out, 'units'))
const rowsOf = async (out: string, name: (typeof names)[number]): Promise<readonly Record<string, unknown>[]> => {
  const bytes = readFileSync(join(out, `${name}.parquet`))
  return parquetReadObjects({ file: Uint8Array.from(bytes).buffer })
}

// How long it takes decides nothing: on a busy machine a command takes a minute.
describe('ohmflow run with chips', { timeout: 900_000 }, () => {
  const whole = join(folder, 'whole')
  let bytes: readonly string[] = []
  let milliseconds = 0

  beforeAll(async () => {
    const kernels = isRight(await nativeKernels()) ? 'native' : 'wasm'
    const started = performance.now()
    const ended = await run(whole, ['--workers', '2'], { env: { OHMFLOW_KERNELS: kernels } })
    milliseconds = performance.now() - started
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stderr).toContain(`${units} units`)
    expect(present(whole)).toEqual(files)
    bytes = bytesOf(whole)
  }, 900_000)

  const same = async (out: string, more: readonly string[] = [], way: Way = {}): Promise<string> => {
    const ended = await run(out, more, way)
    expect(ended.code).toBe(0)
    expect(bytesOf(out)).toEqual(bytes)
    return ended.stderr
  }

  test('the same bytes again, unit by unit, from WebAssembly with 3 workers', async () => {
    const out = join(folder, 'wasm')
    await same(out, ['--workers', '3'], { env: { OHMFLOW_KERNELS: 'wasm' } })
    const contents = (of: string): readonly string[] =>
      unitsOf(of).map(u => `${u} ${readFileSync(join(of, 'units', u)).toString('base64')}`)
    expect(contents(out)).toEqual(contents(whole))
  })

  test('the same bytes from shards with 1 worker into one folder, and no table before the last', async () => {
    const out = join(folder, 'sharded')
    for (const i of [1, 0, 2]) {
      const ended = await run(out, ['--workers', '1', '--shard', `${i}/3`])
      expect(ended.code).toBe(0)
      expect(present(out)).toEqual(i === 2 ? files : [])
      if (i !== 2) expect(ended.stderr).toContain('outstanding')
    }
    expect(unitsOf(out)).toHaveLength(units)
    expect(bytesOf(out)).toEqual(bytes)
  })

  test('the same bytes after it was killed, five times, at any moment', async () => {
    const out = join(folder, 'killed')
    const s = stream(Date.now() % 2 ** 32, 'moments')
    const moments = Array.from({ length: 5 }, () => milliseconds * s.uniform())
    for (const when of moments) {
      await run(out, [], { kill: { when, signal: 'SIGKILL' } })
      // Tables are there whole or not at all.
      if (present(out).length === files.length) expect(bytesOf(out)).toEqual(bytes)
    }
    await same(out)
    expect([...readdirSync(out), ...unitsOf(out)].filter(n => n.endsWith('.tmp'))).toEqual([])
  })

  test('the same bytes after a bit of the ranges or of the errors was flipped, and that is said', async () => {
    const out = join(folder, 'damaged')
    cpSync(whole, out, { recursive: true })
    // By what a unit holds: names of columns stand in its streams.
    const holding = (column: string): string => {
      const found = unitsOf(out).find(u => readFileSync(join(out, 'units', u)).includes(column))
      if (found === undefined) throw new Error(`no unit holds ${column}`)
      return join(out, 'units', found)
    }
    const spoilt = [holding('clipped_weights'), holding('what acts beside'), holding('saturated_outputs')]
    expect(new Set(spoilt).size).toBe(3)
    for (const path of spoilt) {
      const content = readFileSync(path)
      content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 4
      writeFileSync(path, content)
    }
    const said = await same(out)
    for (const path of spoilt) expect(said).toContain(`${path}: its checksum does not hold; computed again`)
    expect(said).toContain(`${units} units (${units - 3} were there already)`)
  })

  test('a perfect chip agrees with the digital model on every example, a real one predicts in its own way', async () => {
    const out = join(folder, 'perfect')
    const methods = [...experiment.methods, { name: 'perfect', ...ranges, hardware: perfect }]
    const repeat = { chips: 1, reads: 1, times: ['1 h'] }
    // What the whole experiment has computed already is taken over: a pass does not depend on how many there are.
    cpSync(join(whole, 'units'), join(out, 'units'), { recursive: true })
    const ended = await ohmflow(['run', write('perfect', { ...experiment, repeat, methods }), '--out', out])
    expect(ended.code).toBe(0)
    // 2 x (1 + 1 + 1) passes and ranges and errors of 2 x 2; passes and ranges of the chip are there, its errors at one
    // time are not.
    expect(ended.stderr).toContain('14 units (6 were there already)')
    const scores = await rowsOf(out, 'scores')
    const agreement = (method: string): readonly unknown[] =>
      scores.filter(r => r.task === 'cola' && r.method === method).map(r => r.agreement)
    expect(agreement('perfect')).toEqual([1])
    expect(agreement('chip')).toHaveLength(1)
    expect(scores.filter(r => r.task === 'stsb').every(r => r.agreement === null)).toBe(true)
    const predictions = await rowsOf(out, 'predictions')
    const of = (method: string): readonly number[] =>
      predictions.filter(r => r.task === 'stsb' && r.method === method).map(r => Number(r.prediction))
    const distance = (a: readonly number[], b: readonly number[]): number =>
      Math.max(...a.map((v, i) => Math.abs(v - (b[i] ?? NaN))))
    expect(of('digital')).toHaveLength(12)
    expect(distance(of('perfect'), of('digital'))).toBeLessThan(1e-5)
    expect(distance(of('chip'), of('digital'))).toBeGreaterThan(1e-3)
  })

  test('chips, reads and times are told apart', async () => {
    const predictions = (await rowsOf(whole, 'predictions')).filter(r => r.task === 'stsb' && r.method === 'chip')
    const passes = new Map<string, unknown[]>()
    for (const { chip, read, time_seconds, logits } of predictions) {
      const key = JSON.stringify([chip, read, time_seconds])
      passes.set(key, [...(passes.get(key) ?? []), logits])
    }
    expect([...passes.keys()].sort()).toEqual(
      [0, 1].flatMap(chip => [0, 1].flatMap(read => [0, 3600].map(time => JSON.stringify([chip, read, time])))).sort(),
    )
    expect(new Set([...passes.values()].map(l => JSON.stringify(l))).size).toBe(8)
  })

  test('every table about chips has its rows, its units and where it comes from', async () => {
    const count = async (name: (typeof names)[number]): Promise<number> => (await rowsOf(whole, name)).length
    // Layers of 64 x 64 (8 and the head's), 64 x 256 and 256 x 64 (2 each), and the head's last, on tiles of 50 x 128.
    const tiles = 9 * 2 + 2 * 2 * 2 + 2 * 6 + 2
    expect(await count('tiles')).toBe(2 * tiles)
    const columns = 9 * 2 * 64 + 2 * 2 * 256 + 2 * 6 * 64
    expect(await count('columns')).toBe(2 * (2 * columns) + 2 * (2 * 2 + 2 * 1))
    const sources = ['ranges', 'programming', 'drift', 'read', 'dac', 'adc', 'output noise', 'ir drop', 'all']
    const errors = await rowsOf(whole, 'errors')
    expect(errors).toHaveLength(2 * 2 * 14 * sources.length)
    expect([...new Set(errors.map(r => r.source))]).toEqual(sources)
    for (const name of ['tiles', 'columns', 'errors'] as const) {
      const { schema } = tableFromIPC(readFileSync(join(whole, `${name}.arrow`)))
      expect(schema.metadata.get('ohmflow:experiment')).toBe('small chip')
      expect(schema.metadata.get('ohmflow:inputs')).toContain('calibration')
      for (const { name: column, metadata } of schema.fields)
        expect([column, metadata.get('unit')]).toEqual([
          column,
          column === 'time_seconds' ? 's' : ['task', 'method', 'layer', 'source'].includes(column) ? '' : '1',
        ])
    }
  })

  test('without a chip there are no such tables, and those of a chip do not stay', async () => {
    const out = join(folder, 'digital')
    cpSync(whole, out, { recursive: true })
    const digital = write('digital', { ...experiment, methods: experiment.methods.slice(0, 1) })
    const ended = await ohmflow(['run', digital, '--out', out, '--formats', 'parquet,arrow'])
    expect(ended.code).toBe(0)
    expect(ended.stderr).toContain('2 units (2 were there already)')
    expect(present(out)).toEqual(files.slice(0, 4))
    rmSync(out, { recursive: true })
  })

  test('plan refuses a rule that looks at more calibration examples than there are', async () => {
    const methods = [{ name: 'paper', columnRange: { rule: 'output-current', inputs: 4 } }]
    const { code, stderr } = await ohmflow(['plan', write('greedy', { ...experiment, methods })])
    expect(code).not.toBe(0)
    expect(stderr).toContain(
      'methods.0.columnRange.inputs: expected at most 3 inputs, one a calibration example, found 4',
    )
  })

  test('plan counts ranges and errors among the units, and computes nothing', async () => {
    const fresh = await ohmflow(['plan', config, '--json'])
    expect(fresh.code).toBe(0)
    expect(JSON.parse(fresh.stdout)).toMatchObject({ units, missing: units })
    const done = await ohmflow(['plan', config, '--out', whole, '--json'])
    expect(JSON.parse(done.stdout)).toMatchObject({ units, missing: 0 })
    expect((await ohmflow(['plan', config])).stdout).toContain(`${units} units, ${units} to compute`)
    expect(bytesOf(whole)).toEqual(bytes)
  })
})
