/** `ohmflow calibrate` as a person runs it: what it prints and leaves, what a run takes over, and what it goes on from. */
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../shared.js'
import { configsIn, ohmflow, temporaryFolder } from './ohmflow.js'

const data = join(repository, 'data')
const task = (name: string, folder: string) => ({
  ...{ task: name, examples: 6 },
  checkpoint: join(data, 'models', name),
  data: join(data, 'glue', folder),
})
const experiment = {
  ...{ schema: 1, name: 'calibrated', seed: 4 },
  tasks: [task('cola', 'CoLA'), task('stsb', 'STS-B')],
  hardware: { tile: { rows: 64, columns: 64 }, dac: { bits: 6 }, adc: { bits: 6, bound: 12 } },
  repeat: { chips: 2, times: ['1 h'] },
  calibration: { examples: 4 },
  methods: [
    { name: 'digital', execution: 'digital' },
    { name: 'abs-max' },
    { name: 'a/b', inputRange: { rule: 'percentile', percentile: 99 } },
    { name: 'optimal', inputRange: { rule: 'optimal' }, columnRange: { rule: 'optimal' } },
  ],
}
const files = ['abs-max.ranges.json', 'a%2Fb.ranges.json', 'optimal.ranges.json']

const folder = temporaryFolder()
const write = configsIn(folder)
const config = write('config', experiment)
const unitsOf = (out: string): readonly string[] => readdirSync(join(out, 'units'))
const texts = (out: string): readonly string[] => files.map(f => readFileSync(join(out, f), 'utf8'))
const rowsOf = async (out: string, name: string): Promise<readonly Record<string, unknown>[]> => {
  const bytes = readFileSync(join(out, `${name}.parquet`))
  return parquetReadObjects({ file: Uint8Array.from(bytes).buffer })
}
type Line = Readonly<Record<string, unknown>>

describe('ohmflow calibrate', { timeout: 900_000 }, () => {
  const whole = join(folder, 'whole')
  let printed = ''

  beforeAll(async () => {
    const ended = await ohmflow(['calibrate', config, '--out', whole, '--workers', '2'])
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stderr).toContain('6 sets of ranges (0 were there already)')
    for (const file of files) expect(ended.stderr).toContain(join(whole, file))
    printed = ended.stdout
  }, 900_000)

  test('prints a block for each method on each task, a line for each layer, and what is expected of optimal ones', () => {
    const blocks = printed.split('\n\n')
    expect(blocks).toHaveLength(2 * 3 + 1)
    const titles = blocks.slice(0, -1).map(b => b.split(/[;\n]/, 1)[0])
    expect(titles).toEqual(['cola', 'stsb'].flatMap(t => ['abs-max', 'a/b', 'optimal'].map(m => `${t}: ${m}`)))
    for (const [i, block] of blocks.slice(0, -1).entries()) {
      const [title = '', head = '', , ...layers] = block.split('\n')
      expect(layers).toHaveLength(14)
      expect(head).toMatch(/^layer +tiles +input range +inputs cut +weights cut +scale/)
      const optimal = i % 3 === 2
      expect(/at start +error$/.test(head)).toBe(optimal)
      expect(/expected error [\d.e-]+ at the start, [\d.e-]+ now$/.test(title)).toBe(optimal)
      for (const line of block.split('\n')) expect(line.length).toBeLessThanOrEqual(110)
      if (i % 3 === 0) for (const line of layers) expect(line).toMatch(/ 0 +0 +1$/)
    }
  })

  test('ranges that follow each input vector are said and kept as such, and cut nothing', async () => {
    const dynamic = { name: 'dynamic', inputRange: { rule: 'dynamic' } }
    const [cola] = experiment.tasks
    const given = write('dynamic', { ...experiment, tasks: [cola], methods: [dynamic] })
    const out = join(folder, 'dynamic')
    const { code, stdout } = await ohmflow(['calibrate', given, '--out', out])
    expect(code).toBe(0)
    const [, , , ...layers] = (stdout.split('\n\n')[0] ?? '').split('\n')
    expect(layers).toHaveLength(14)
    for (const line of layers) expect(line).toMatch(/ dynamic +0 +0 +1$/)
    const ranges = readFileSync(join(out, 'dynamic.ranges.json'), 'utf8').match(/"inputRange": .*/g) ?? []
    expect(ranges).toHaveLength(26)
    expect(new Set(ranges)).toEqual(new Set(['"inputRange": null,']))
  })

  test('as JSON: a line for each layer, the same from WebAssembly with one worker, the files last', async () => {
    const out = join(folder, 'again')
    const env = { OHMFLOW_KERNELS: 'wasm' }
    const ended = await ohmflow(['calibrate', config, '--out', out, '--workers', '1', '--json'], { env })
    expect(ended.code).toBe(0)
    const lines = ended.stdout
      .trimEnd()
      .split('\n')
      .map(l => JSON.parse(l) as Line) // as: objects, by their schema
    expect(lines).toHaveLength(2 * 3 * 14 + 1)
    expect(lines.at(-1)).toEqual({ files: files.map(f => join(out, f)) })
    expect(texts(out)).toEqual(texts(whole))
    const optimal = lines.filter(l => l.method === 'optimal')
    for (const line of optimal) expect(line.expected_error).toBeLessThanOrEqual(Number(line.expected_error_start))
    expect(lines.filter(l => l.method === 'abs-max').every(l => l.expected_error === null)).toBe(true)
    // There already: nothing is computed, the same is printed.
    const second = await ohmflow(['calibrate', config, '--out', out, '--json'])
    expect(second.stderr).toContain('6 sets of ranges (6 were there already)')
    expect(second.stderr).not.toContain('optimal ranges')
    expect(second.stdout).toBe(ended.stdout)
  })

  test('a run takes the ranges over and looks for none; the tables tell what was expected', async () => {
    const out = join(folder, 'run')
    cpSync(whole, out, { recursive: true })
    const ended = await ohmflow(['run', config, '--out', out])
    expect(ended.code).toBe(0)
    // 2 x (1 + 3 x 2) passes, and ranges and errors of 2 x 3.
    expect(ended.stderr).toContain('26 units (6 were there already)')
    expect(ended.stderr).not.toContain('calibration')
    expect(ended.stderr).not.toContain('optimal ranges')
    const fresh = join(folder, 'fresh')
    const alone = await ohmflow(['run', config, '--out', fresh])
    expect(alone.stdout).toBe(ended.stdout)
    for (const name of ['tiles', 'columns', 'scores', 'errors'])
      expect(readFileSync(join(fresh, `${name}.parquet`))).toEqual(readFileSync(join(out, `${name}.parquet`)))
    // And the other way round.
    const after = await ohmflow(['calibrate', config, '--out', fresh])
    expect(after.stderr).toContain('(6 were there already)')
    expect(texts(fresh)).toEqual(texts(whole))

    const json = await ohmflow(['calibrate', config, '--out', whole, '--json'])
    const layers = json.stdout
      .trimEnd()
      .split('\n')
      .map(l => JSON.parse(l) as Line) // as above
    const tiles = await rowsOf(out, 'tiles')
    for (const layer of layers.slice(0, -1)) {
      const own = tiles.filter(t => ['task', 'method', 'layer'].every(k => t[k] === layer[k]))
      expect(own).toHaveLength(Number(layer.tiles))
      for (const name of ['expected_error', 'expected_error_start'])
        if (layer.method === 'optimal')
          expect(own.reduce((sum, t) => sum + Number(t[name]), 0)).toBeCloseTo(Number(layer[name]), 12)
        else expect(own.map(t => t[name])).toEqual(own.map(() => null))
    }
  })

  test('the ladder comes first, and its JSON last', async () => {
    const ended = await ohmflow(['run', config, '--out', join(folder, 'fresh')])
    expect(ended.stdout).toMatch(/^After 1 h\nmethod +cola +recovered +stsb|^After 1 h\nmethod +cola +stsb pearson/)
    expect(ended.stdout.indexOf('Differences on the same chips')).toBeGreaterThan(ended.stdout.indexOf('recovered:'))
    const json = await ohmflow(['run', config, '--out', join(folder, 'fresh'), '--json'])
    const last = JSON.parse(json.stdout.trimEnd().split('\n').at(-1) ?? '') as Record<string, Line[]> // as: the results
    expect(Object.keys(last)).toEqual(['summary', 'differences', 'means', 'recovery'])
    expect(last.recovery?.map(r => [r.task, r.method])).toEqual(
      ['cola', 'stsb', null].flatMap(t => ['abs-max', 'a/b', 'optimal'].map(m => [t, m])),
    )
  })

  test('killed at any moment, it goes on to the same files, and no file is there half', async () => {
    const out = join(folder, 'killed')
    for (const kept of [1, 3]) {
      const when = (): boolean =>
        existsSync(join(out, 'units')) && unitsOf(out).filter(u => u.endsWith('.unit')).length >= kept
      await ohmflow(['calibrate', config, '--out', out], { kill: { when, signal: kept === 1 ? 'SIGKILL' : 'SIGINT' } })
      for (const [i, file] of files.entries())
        if (existsSync(join(out, file))) expect(readFileSync(join(out, file), 'utf8')).toBe(texts(whole)[i])
    }
    const ended = await ohmflow(['calibrate', config, '--out', out])
    expect(ended.code).toBe(0)
    expect(ended.stderr).not.toContain('(0 were there already)')
    expect(texts(out)).toEqual(texts(whole))
    expect([...readdirSync(out), ...unitsOf(out)].filter(n => n.endsWith('.tmp'))).toEqual([])
  })

  test.each(['calibrate', 'run'])(
    'Ctrl-C ends %s while ranges are looked for, with nothing half done',
    async command => {
      const out = join(folder, `stopped ${command}`)
      // After the first pass over the calibration examples, with minutes of others to come.
      const slow = write('slow', {
        ...experiment,
        calibration: { examples: 256 },
        methods: experiment.methods.slice(3),
      })
      const ended = await ohmflow([command, slow, '--out', out, '--workers', '1'], {
        kill: { when: said => said.includes('calibration, inputs of layers: 256'), signal: 'SIGINT' },
        env: { OHMFLOW_KERNELS: 'reference' },
      })
      expect(ended).toMatchObject({ code: 130, stdout: '' })
      expect(ended.stderr).toMatch(/^interrupted: .* kept; the same command goes on from there$/m)
      expect(ended.stderr).not.toContain('calibration, errors of layers: 256')
      const left = existsSync(out) ? readdirSync(out, { recursive: true }).map(String) : []
      expect(left.filter(name => /\.(tmp|unit|ranges\.json)$/.test(name))).toEqual([])
    },
  )

  test('its files are ranges: the same scores as the method they come from', async () => {
    const file = { rule: 'fixed', file: join(whole, 'optimal.ranges.json') }
    const methods = [experiment.methods[3], { name: 'saved', inputRange: file, columnRange: file }]
    const out = join(folder, 'saved')
    const ended = await ohmflow(['run', write('saved', { ...experiment, methods }), '--out', out])
    expect(ended.code).toBe(0)
    const scores = await rowsOf(out, 'scores')
    const of = (method: string) => scores.filter(r => r.method === method).map(r => ({ ...r, method: '' }))
    // Two chips; one metric and two.
    expect(of('saved')).toHaveLength(2 * (1 + 2))
    expect(of('saved')).toEqual(of('optimal'))
  })

  test('what cannot be is refused with exit code 2', async () => {
    const digital = write('digital', { ...experiment, methods: experiment.methods.slice(0, 1) })
    const none = await ohmflow(['calibrate', digital, '--out', join(folder, 'none')])
    expect(none).toMatchObject({ code: 2, stdout: '' })
    expect(none.stderr).toContain(
      `${digital}: methods: expected an analog method, whose ranges to find, found digital ones only`,
    )
    const missing = { rule: 'fixed', file: 'nowhere.ranges.json' }
    const lost = write('lost', { ...experiment, methods: [{ name: 'x', columnRange: missing }] })
    const refused = await ohmflow(['run', lost, '--out', join(folder, 'none')])
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain(`${join(folder, 'nowhere.ranges.json')}: expected a file that exists, found none`)
  })
})
