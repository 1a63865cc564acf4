import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { hermesMoments } from '../domain/devices/expected.js'
import { referenceRows, type ReferenceRow } from '../domain/devices/guards.js'
import { shared } from '../shared.js'
import { ohmflow, temporaryFolder } from './ohmflow.js'

interface Row {
  readonly timeSeconds: number
  readonly ratio: number
  readonly weight: number
  readonly targetMicroSiemens: number
  readonly meanMicroSiemens: number
  readonly deviationMicroSiemens: number
  readonly mean: number
  readonly deviation: number
}

interface Printed {
  readonly device: string
  readonly gMaxMicroSiemens: number
  readonly noiseScales: { readonly programming: number; readonly drift: number; readonly read: number }
  readonly units: Readonly<Record<string, string>>
  readonly rows: readonly Row[]
}

const device = async (...args: readonly string[]): Promise<Printed> => {
  const { code, stdout, stderr } = await ohmflow(['device', ...args, '--json'])
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as Printed // asJson's own shape
}

const refused = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await ohmflow(['device', ...args])
  expect([code, stdout]).toEqual([2, ''])
  return stderr
}

const near = (found: number | undefined, expected: number): void =>
  expect(Math.abs((found ?? NaN) - expected)).toBeLessThanOrEqual(1e-6 * Math.abs(expected) + 1e-9)

const list = (values: Iterable<number>, unit = ''): string => [...values].map(v => `${v}${unit}`).join(',')

const settings = (row: ReferenceRow): readonly string[] => [
  ...['--g-max', String(row.gMaxMicroSiemens), '--programming', String(row.programmingNoiseScale)],
  ...['--drift', String(row.driftScale), '--read', String(row.readNoiseScale)],
]

const writeConfig = (content: object): string => {
  const path = join(temporaryFolder(), 'config.json')
  const rules = { columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } }
  const tasks = [{ task: 'sst2', checkpoint: 'nowhere', data: 'nowhere' }]
  const methods = [
    { name: 'digital', execution: 'digital' },
    { name: 'quiet', ...rules, hardware: { device: 'hermes-2', noiseScales: { read: 0 } } },
  ]
  writeFileSync(path, JSON.stringify({ schema: 1, name: 'c', seed: 1, tasks, methods, ...content }))
  return path
}

/** Straight lines that the moments can be worked out from by hand: no noise but drift, of one exponent. */
const ownTable = {
  name: 'own cell',
  gMaxMicroSiemens: 40,
  referenceTime: '10 s',
  readTimeSeconds: 1e-6,
  ...{ programmingDeviation: [[0, 0], [40, 0]], driftMean: [[0, 0.1], [40, 0.02]] }, // prettier-ignore
  ...{ driftDeviation: [[0, 0], [40, 0]], readNoise: [[0, 0], [40, 0]] }, // prettier-ignore
}

describe('ohmflow device', () => {
  test('gives the reference moments of the PCM preset at every setting, time and target', async () => {
    const rows = referenceRows()
    let compared = 0
    for (const words of new Set(rows.map(row => settings(row).join(' ')))) {
      const own = rows.filter(row => settings(row).join(' ') === words)
      const printed = await device(
        ...['pcm', ...words.split(' '), '--at', list(new Set(own.map(row => row.r)))],
        ...['--times', list(new Set(own.map(row => row.seconds)), ' s')],
      )
      for (const row of own) {
        const found = printed.rows.find(p => p.timeSeconds === row.seconds && p.ratio === row.r)
        near(found?.meanMicroSiemens, row.mean)
        near((found?.deviationMicroSiemens ?? NaN) ** 2, row.variance)
        near(found?.mean, row.mean / row.gMaxMicroSiemens)
        near(found?.deviation, Math.sqrt(row.variance) / row.gMaxMicroSiemens)
        near(found?.targetMicroSiemens, row.r * row.gMaxMicroSiemens)
        compared += 1
      }
    }
    expect(compared).toBe(192)
  })

  test.each(['hermes-1', 'hermes-2'])('gives the known moments of %s', async preset => {
    const full = hermesMoments.filter(m => m[0] === preset && m.slice(3, 7).every(scale => scale === 1))
    const printed = await device(
      ...[preset, '--times', list(new Set(full.map(m => m[2])), ' s')],
      ...['--at', list(new Set(full.map(m => m[1])))],
    )
    expect(full.length).toBeGreaterThanOrEqual(12)
    for (const [, ratio, seconds, , , , , mean, variance] of full) {
      const found = printed.rows.find(p => p.timeSeconds === seconds && p.ratio === ratio)
      near(found?.meanMicroSiemens, mean)
      near((found?.deviationMicroSiemens ?? NaN) ** 2, variance)
    }
  })

  test('a pair is the difference of a device at the weight and one at 0, over g_max', async () => {
    const words = ['hermes-1', '--g-max', '8', '--drift', '0.5', '--times', '0 s,1 y', '--at', '0,0.03,0.5,1']
    const [single, pair] = await Promise.all([device(...words), device(...words, '--pair')])
    expect(pair.rows).toHaveLength(8)
    for (const row of pair.rows) {
      const at = (ratio: number) => single.rows.find(p => p.timeSeconds === row.timeSeconds && p.ratio === ratio)
      const [plus, minus] = [at(row.weight), at(0)]
      near(row.mean, (plus?.mean ?? NaN) - (minus?.mean ?? NaN))
      near(row.deviation, Math.hypot(plus?.deviation ?? NaN, minus?.deviation ?? NaN))
    }
  })

  test('a pair takes weights of both signs: mean and deviation are those of the other device', async () => {
    const { rows } = await device('hermes-1', '--pair', '--times', '1 h', '--at=-1,-0.5,0.5,1')
    expect(rows.map(r => r.weight)).toEqual([-1, -0.5, 0.5, 1])
    for (const [i, row] of rows.entries()) {
      near(row.mean, -(rows[3 - i]?.mean ?? NaN))
      near(row.deviation, rows[3 - i]?.deviation ?? NaN)
    }
    expect(rows[1]?.mean).toBeLessThan(-0.3)
  })

  test('without words: PCM at 25 µS, five times, as a table for people', async () => {
    const { code, stdout, stderr } = await ohmflow(['device'])
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^pcm: g_max 25 µS/)
    expect(stdout).toMatch(/^ *r +0 s +1 h +1 d +30 d +1 y$/m)
    // 0.10743821526 and sqrt(0.0347522036) are the reference's; 0.430 % of 25 µS is the same.
    expect(stdout).toMatch(/^ +0 +0\.107 ± 0\.186 /m)
    expect(stdout).toMatch(/^ +0 +0\.430 ± 0\.746 /m)
    const printed = await device()
    expect(printed).toMatchObject({ device: 'pcm', gMaxMicroSiemens: 25 })
    expect(new Set(printed.rows.map(r => r.timeSeconds))).toEqual(new Set([0, 3600, 86_400, 2_592_000, 31_536_000]))
    expect(Object.keys(printed.units)).toEqual(Object.keys(printed.rows[0] ?? {}))
    expect(await device('pcm')).toEqual(printed)
    const pair = await device('--pair')
    expect(Object.keys(pair.units)).toEqual(Object.keys(pair.rows[0] ?? {}))
    expect((await ohmflow(['device', '--pair'])).stdout).toMatch(/^ *weight +0 s +1 h +1 d +30 d +1 y$/m)
  })

  test('with every source of noise off a device stays at its target', async () => {
    const off = ['--programming', '0', '--drift', '0', '--read', '0']
    for (const row of (await device('hermes-2', ...off)).rows) {
      // g_max r / g_max may differ from r in the last place.
      expect(Math.abs(row.mean - row.ratio)).toBeLessThanOrEqual(1e-15)
      expect(row.deviation).toBe(0)
    }
  })

  test("the device of a config, of one of its methods, and a user's own table", async () => {
    const chip = { device: { preset: 'pcm', gMaxMicroSiemens: 12.5 }, noiseScales: { programming: 0.5 } }
    const path = writeConfig({ hardware: chip })
    const { code, stdout, stderr } = await ohmflow(['device', '--config', path, '--json'])
    expect(code).toBe(0)
    expect(stderr).toContain('methods with their own, for --method: "quiet"')
    const own = await device('--g-max', '12.5', '--programming', '0.5')
    expect(JSON.parse(stdout)).toEqual(own)
    const quiet = await device('--config', path, '--method', 'quiet', '--drift', '0')
    expect(quiet).toMatchObject({ device: 'hermes-2', noiseScales: { programming: 0.5, drift: 0, read: 0 } })
    expect(await refused('--config', path, '--method', 'quite')).toContain('did you mean "quiet"')

    const table = writeConfig({ hardware: { device: ownTable }, methods: [{ name: 'digital', execution: 'digital' }] })
    const printed = await device('--config', table, '--at', '0.25,1', '--times', '90 s')
    expect(printed.device).toBe('own cell')
    // (t / t_0)^-nu with t = 100 s, t_0 = 10 s; nu = 0.08 at 10 µS and 0.02 at 40 µS.
    near(printed.rows[0]?.meanMicroSiemens, 10 * 10 ** -0.08)
    near(printed.rows[1]?.meanMicroSiemens, 40 * 10 ** -0.02)
    expect(printed.rows.every(row => row.deviation === 0)).toBe(true)
    expect(await refused('--config', table, '--g-max', '41')).toContain('at most 40 µS, up to which own cell')
    expect(await refused('--config', table, '--method', 'x')).toContain('none is analog')
  })

  test('a config of the analog engine is read, whether or not this version can run it', async () => {
    expect(await device('--config', shared('configs/sst2-pcm.json'))).toEqual(await device())
  })

  test.each<[string, readonly string[], string]>([
    ['an unknown preset', ['pmc'], 'did you mean "pcm"?'],
    ['an unknown preset, near another', ['hermes2'], 'did you mean "hermes-2"?'],
    ['an unknown preset near none', ['reram'], 'expected "pcm" or "hermes-1" or "hermes-2", found "reram"'],
    ['g_max beyond the fits', ['--g-max', '26'], 'at most 25 µS, up to which pcm was characterised, found 26'],
    ['g_max of nothing', ['--g-max', '0'], 'expected a number > 0'],
    ['a negative scale', ['--drift', '-1'], 'expected a number from 0 to 10'],
    ['a scale without a value', ['--drift', '--json'], '--drift: expected a value after it'],
    ['a time without a unit', ['--times', '1 h,2'], 'expected durations joined by commas'],
    ['no times', ['--times', ''], '--times: expected a value after it, found none'],
    ['a share above full scale', ['--at', '0,1.1'], 'expected numbers from 0 to 1'],
    ['a time beyond all sense', ['--times', '32000 y'], 'at most 1000000000000 s), found "32000 y"'],
    ['a negative share', ['--at=-0.5'], '--at: expected shares of g_max from 0 to 1'],
    ['a weight below -1', ['--pair', '--at=-1.1'], 'expected numbers from 0 to 1, or with --pair from -1 to 1'],
    ['a share in hexadecimal', ['--at', '0x1'], 'expected numbers from 0 to 1'],
    ['a preset and a config', ['pcm', '--config', 'x.json'], 'expected it or a preset, found both'],
    ['a method without a config', ['--method', 'x'], '--method: expected --config beside it'],
    ['a config that is not there', ['--config', 'nowhere.json'], 'nowhere.json: expected a file that exists'],
  ])('%s is refused with exit code 2 and nothing on stdout', async (_, args, message) => {
    expect(await refused(...args)).toContain(message)
  })
})
