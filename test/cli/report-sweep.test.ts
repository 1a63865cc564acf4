/** `ohmflow report` on the tables of a sweep: its numbers against the terminal's, the setting in full, its page in a browser. */
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../shared.js'
import { configsIn, ohmflow, temporaryFolder } from './ohmflow.js'
import { browserPath, cells, faultsOf, inBrowser, unreached } from './page.js'

const data = join(repository, 'data')
const folder = temporaryFolder()
const experiment = {
  ...{ schema: 1, name: 'small sweep', seed: 7 },
  tasks: [{ task: 'cola', examples: 8, checkpoint: join(data, 'models/cola'), data: join(data, 'glue/CoLA') }],
  hardware: { tile: { rows: 64, columns: 64 }, dac: { bits: 5 } },
  repeat: { chips: 2, times: ['1 h'] },
  calibration: { examples: 2 },
  methods: [
    { name: 'digital', execution: 'digital' },
    { name: 'abs-max', columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } },
    { name: 'narrow', columnRange: { rule: 'weight-standard-deviations', standardDeviations: 2 } },
  ],
  sweep: { 'hardware.adc.bits': [4, 7], 'hardware.outputNoise': [0, 0.3] },
}
const config = configsIn(folder)('config', experiment)
const out = join(folder, 'results')
const html = (at = join(out, 'report')): string => readFileSync(join(at, 'report.html'), 'utf8')
const bytes = (at: string): readonly string[] => readdirSync(at).map(f => `${f} ${readFileSync(join(at, f), 'utf8')}`)

interface Read {
  readonly [column: string]: unknown
}
const rowsOf = async (name: string): Promise<readonly Read[]> =>
  (await parquetReadObjects({
    file: Uint8Array.from(readFileSync(join(out, `${name}.parquet`))).buffer,
  })) as readonly Read[] // as: what the tests compare says the rest
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

// How long it takes decides nothing: on a busy machine a command takes a minute.
describe('ohmflow report of a sweep', { timeout: 900_000 }, () => {
  let printed = ''
  beforeAll(async () => {
    const run = await ohmflow(['run', config, '--out', out, '--workers', '1', '--formats', 'parquet,arrow'])
    expect(run.code).toBe(0)
    printed = run.stdout
    const { code, stdout } = await ohmflow(['report', out])
    expect([code, stdout]).toEqual([0, `${join(out, 'report/report.html')}\n`])
  }, 900_000)

  test('what is varied stands at the top; the numbers are the terminal’s', () => {
    expect(html()).toContain('A sweep of 4 settings, every value with every other.')
    expect(cells(html(), 'What is varied').map(row => row.slice(0, 2))).toEqual([
      ['hardware.adc.bits', '4, 7'],
      ['hardware.outputNoise', '0, 0.3'],
    ])
    const [, block = ''] = printed.split('After 1 h\n')
    const lines = block.split('\n').slice(2, 2 + 1 + 4 * 2)
    const onPage = cells(html(), 'Scores of every setting after 1 h').map(row => row.join(' '))
    expect(onPage).toEqual(lines.map(l => l.trim().replace(/\s+/g, ' ')))
  })

  test('one setting in full: the first, or the one that --where asks for, with its own numbers', async () => {
    const at = join(folder, 'another')
    const asked = ['--where', 'hardware.adc.bits=7', '--where', 'hardware.outputNoise=0.3']
    expect((await ohmflow(['report', out, '--out', at, ...asked])).code).toBe(0)
    const errors = await rowsOf('errors')
    const tiles = await rowsOf('tiles')
    for (const [page, bits, noise, place] of [
      [html(), 4, 0, 1],
      [html(at), 7, 0.3, 4],
    ] as const) {
      // prettier-ignore
      expect(page).toContain(`What follows is of setting ${place} of 4: adc.bits ${bits}, outputNoise ${noise}.`)
      const isOwn = (r: Read): boolean => r['hardware.adc.bits'] === bits && r['hardware.outputNoise'] === noise
      const [, adc] = cells(page, "Relative L2 error of a layer's output after 1 h").find(r => r[0] === 'ADC') ?? []
      const own = errors.filter(r => isOwn(r) && r.source === 'adc' && r.method === 'abs-max')
      expect(adc).toMatch(mean(own.map(r => r.error as number)).toFixed(3)) // as: numbers
      const count = tiles.filter(r => isOwn(r) && r.method === 'narrow').length
      expect(cells(page, 'Tiles and converters').find(r => r[0] === 'narrow')?.[1]).toBe(String(count))
      expect(page).toContain(`aria-label="With adc.bits ${bits}, outputNoise ${noise}: `)
    }
    // A source that one of them has not: the noise is off.
    expect(cells(html(), "Relative L2 error of a layer's output after 1 h").some(r => r[0] === 'output noise')).toBe(
      false,
    )
    expect(readFileSync(join(at, 'sweep.svg'), 'utf8')).toBe(readFileSync(join(out, 'report/sweep.svg'), 'utf8'))
  })

  test('a key or value that the sweep has not is refused', async () => {
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await ohmflow(['report', out, ...args])
      expect(code).toBe(2)
      return stderr
    }
    expect(await refused('--where', 'hardware.adc.bit=4')).toContain('did you mean "hardware.adc.bits"?')
    expect(await refused('--where', 'hardware.adc.bits=5')).toContain('one of the values of hardware.adc.bits: 4, 7')
    expect(await refused('--where', 'seven')).toContain('KEY=VALUE')
    expect(await refused('--where', 'hardware.adc.bits=4', '--where', 'hardware.adc.bits=7')).toContain(
      'values that a setting has together',
    )
  })

  test('the same tables give the same bytes, from Arrow alone the same figures, without the config no devices', async () => {
    const again = join(folder, 'again')
    expect((await ohmflow(['report', out, '--out', again])).code).toBe(0)
    expect(bytes(again)).toEqual(bytes(join(out, 'report')))
    const arrow = join(folder, 'arrow')
    cpSync(out, arrow, { recursive: true })
    for (const name of ['report', 'run.json']) rmSync(join(arrow, name), { recursive: true })
    const list = JSON.parse(readFileSync(join(arrow, 'tables.json'), 'utf8')) as { files: Record<string, string> } // as: written above
    list.files = Object.fromEntries(Object.entries(list.files).filter(([f]) => f.endsWith('.arrow')))
    writeFileSync(join(arrow, 'tables.json'), JSON.stringify(list))
    expect((await ohmflow(['report', arrow])).code).toBe(0)
    expect(existsSync(join(arrow, 'report/conductances.svg'))).toBe(false)
    for (const f of readdirSync(join(arrow, 'report')).filter(name =>
      /^(sweep|settings|sources|columns).*svg$/.test(name),
    ))
      expect(readFileSync(join(arrow, 'report', f), 'utf8')).toBe(readFileSync(join(out, 'report', f), 'utf8'))
  })

  test('the page is whole by itself, every figure described', () => {
    expect(faultsOf(html())).toEqual([])
    const figures = html().match(/<figure /g)?.length ?? 0
    expect(html().match(/<svg role="img" aria-label="[^"]{20,}"/g)?.length).toBe(figures)
    expect(readdirSync(join(out, 'report')).filter(f => f.endsWith('.svg'))).toHaveLength(figures)
    expect(html()).toContain(`ohmflow run ${config} --out again --formats parquet,arrow`)
    expect(html()).toContain('&quot;hardware.adc.bits&quot;: [')
  })

  test.skipIf(browserPath === undefined)(
    'in a browser: nothing in the console, every plot drawn, all reached by keyboard, no page wider than its window',
    async () => {
      await inBrowser(async (tab, said) => {
        await tab.goto(`file://${out}/report/report.html`)
        const plots = await tab.evaluate<readonly number[]>(
          "[...document.querySelectorAll('figure svg')].map(svg => svg.getBoundingClientRect().width)",
        )
        expect(plots.length).toBe(html().match(/<figure /g)?.length)
        for (const width of plots) expect(width).toBeGreaterThan(200)
        expect(await unreached(tab, 80)).toEqual([])
        await tab.setViewportSize({ width: 390, height: 800 })
        expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(390)
        await tab.emulateMedia({ media: 'print' })
        expect((await tab.locator('#settings details table').first().boundingBox())?.height).toBeGreaterThan(50)
        expect(said).toEqual([])
      })
    },
  )
})
