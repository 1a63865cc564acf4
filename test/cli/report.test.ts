/** `ohmflow report`, as a person runs it: its numbers against the tables, its page in a browser, what it refuses. */
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { beforeAll, describe, expect, test } from 'vitest'
import { repository } from '../shared.js'
import { configsIn, ohmflow, temporaryFolder } from './ohmflow.js'
import { browserPath, cells, faultsOf, inBrowser, unreached } from './page.js'

const data = join(repository, 'data')
const task = (name: string, folder: string) => ({
  ...{ task: name, examples: 30 },
  checkpoint: join(data, 'models', name),
  data: join(data, 'glue', folder),
})
const folder = temporaryFolder()
const write = configsIn(folder)
const experiment = {
  ...{ schema: 1, name: 'a <small> & "odd" one', seed: 7 },
  tasks: [task('cola', 'CoLA'), task('stsb', 'STS-B')],
  hardware: { tile: { rows: 64, columns: 64 }, dac: { bits: 5 }, adc: { bits: 5 }, outputNoise: 0.3 },
  repeat: { chips: 2, reads: 2, times: ['0 s', '1 h'] },
  calibration: { examples: 3 },
  methods: [
    { name: 'digital', execution: 'digital' },
    { name: 'abs-max', columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } },
    {
      name: 'narrow',
      columnRange: { rule: 'weight-standard-deviations', standardDeviations: 2 },
      inputRange: { rule: 'percentile', percentile: 99 },
    },
  ],
}
const config = write('config', experiment)
const out = join(folder, 'results')
const reported = (name = 'report'): string => join(out, name)
const page = (name = 'report'): string => readFileSync(join(reported(name), 'report.html'), 'utf8')
interface Read {
  readonly [column: string]: unknown
  readonly task: string
  readonly method: string
  readonly time_seconds: number | null
}
const rowsOf = async (name: string): Promise<readonly Read[]> =>
  (await parquetReadObjects({
    file: Uint8Array.from(readFileSync(join(out, `${name}.parquet`))).buffer,
  })) as unknown as readonly Read[] // as: what the tests compare says the rest

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
describe('ohmflow report', { timeout: 600_000 }, () => {
  let printed = ''
  beforeAll(async () => {
    const run = await ohmflow(['run', config, '--out', out, '--formats', 'parquet,arrow'])
    expect([run.code, run.stderr.includes('fault')]).toEqual([0, false])
    printed = run.stdout
    const { code, stdout, stderr } = await ohmflow(['report', out])
    expect([code, stdout]).toEqual([0, `${join(reported(), 'report.html')}\n`])
    expect(stderr).toContain('How accurate after 1 h?')
  }, 600_000)

  test('scores on the page are those that the run printed, and means of the table', async () => {
    const html = page()
    const scores = await rowsOf('scores')
    for (const seconds of [0, 3600]) {
      const after = seconds === 0 ? '0 s' : '1 h'
      const ladder = cells(html, `Scores after ${after}`)
      expect(ladder.map(r => r[0])).toEqual(['digital', 'abs-max', 'narrow'])
      for (const [method = '', cola = ''] of ladder) {
        const own = scores.filter(
          r => r.task === 'cola' && r.method === method && [null, seconds].includes(r.time_seconds),
        )
        expect(cola.split(' ')[0]).toBe(mean(own.map(r => r.value as number)).toFixed(3))
        const block = printed.split(`After ${after}\n`)[1] ?? ''
        expect(block).toContain(cola)
      }
    }
    const [, compared = ''] = printed.split('Differences on the same chips\n')
    const lines = compared.trim().split('\n').slice(2)
    const onPage = cells(html, 'Differences on the same chips').map(row => row.join(' '))
    expect(onPage).toEqual(lines.map(l => l.trim().replace(/\s+/g, ' ')))
  })

  test('errors and what is cut off are those of the tables', async () => {
    const html = page()
    const errors = await rowsOf('errors')
    for (const row of cells(html, 'Relative L2 error of a layer&apos;s'.replace('&apos;', "'") + ' output after 1 h')) {
      const [source = '', ...byMethod] = row
      byMethod.forEach((cell, i) => {
        const own = errors.filter(
          r => r.time_seconds === 3600 && r.method === ['abs-max', 'narrow'][i] && r.source === source.toLowerCase(),
        )
        const predicted = mean(own.map(r => r.predicted as number)).toFixed(3)
        expect(cell).toBe(`${mean(own.map(r => r.error as number)).toFixed(3)} (${predicted})`)
      })
    }
    const tiles = await rowsOf('tiles')
    const rows = cells(html, 'Tiles and converters')
    expect(rows.length).toBe(2)
    for (const [method, count, , weights, inputs, outputs] of rows) {
      const own = tiles.filter(r => r.method === method)
      const share = (part: string, whole: string): string => {
        const all = own.reduce((sum, r) => sum + (r[whole] as number), 0)
        return `${((100 * own.reduce((sum, r) => sum + (r[part] as number) * (r[whole] as number), 0)) / all).toFixed(3)} %`
      }
      expect([count, weights, inputs, outputs]).toEqual([
        String(own.length),
        share('clipped_weights', 'weights'),
        share('clipped_inputs', 'inputs'),
        share('saturated_outputs', 'outputs'),
      ])
    }
    const columns = (await rowsOf('columns')).filter(r => r.method === 'narrow' && r.time_seconds === 3600)
    const ratios = columns
      .filter(r => (r.abs_max as number) > 0)
      .map(r => (r.full_scale as number) / (r.abs_max as number))
    const [, , ratio, , , factor] = cells(html, 'Full scale over').find(r => r[0] === 'narrow') ?? []
    expect([ratio, factor]).toEqual([mean(ratios).toFixed(3), mean(columns.map(r => r.alpha as number)).toFixed(3)])
  })

  test('the page is whole by itself: no script, nothing from elsewhere, every place there, every figure described', () => {
    const html = page()
    expect(faultsOf(html)).toEqual([])
    expect(html).toContain('<title>a &lt;small&gt; &amp; &quot;odd&quot; one')
    expect(html.match(/<svg role="img" aria-label="[^"]{20,}"/g)?.length).toBe(html.match(/<figure /g)?.length)
    expect(html.match(/<figure /g)?.length).toBe(8)
    expect(html).toContain(`ohmflow run ${config} --out again --formats parquet,arrow`)
    const figures = readdirSync(reported()).filter(f => f.endsWith('.svg'))
    for (const f of figures) {
      expect(html).toContain(readFileSync(join(reported(), f), 'utf8').trim())
      expect(existsSync(join(reported(), f.replace('.svg', '.vl.json')))).toBe(true)
    }
  })

  test('the same tables give the same bytes, elsewhere and again, and figures from Arrow alone the same', async () => {
    const files = readdirSync(reported())
    const bytes = (at: string, names: readonly string[]) => names.map(f => readFileSync(join(at, f), 'utf8'))
    const before = bytes(reported(), files)
    const other = join(folder, 'other')
    for (const args of [[], ['--out', other, '--config', config]]) {
      expect((await ohmflow(['report', out, ...args])).code).toBe(0)
      expect(bytes(args.length === 0 ? reported() : other, files)).toEqual(before)
    }
    const arrow = join(folder, 'arrow')
    cpSync(out, arrow, { recursive: true })
    rmSync(join(arrow, 'report'), { recursive: true })
    const list = JSON.parse(readFileSync(join(arrow, 'tables.json'), 'utf8')) as { files: Record<string, string> }
    list.files = Object.fromEntries(Object.entries(list.files).filter(([f]) => f.endsWith('.arrow')))
    writeFileSync(join(arrow, 'tables.json'), JSON.stringify(list))
    expect((await ohmflow(['report', arrow])).code).toBe(0)
    const svgs = files.filter(f => f.endsWith('.svg'))
    expect(bytes(join(arrow, 'report'), svgs)).toEqual(bytes(reported(), svgs))
  })

  test('what is not whole results is refused, with file and reason', async () => {
    const refused = async (args: readonly string[], ...parts: readonly string[]): Promise<void> => {
      const { code, stderr } = await ohmflow(['report', ...args])
      expect(code).toBe(2)
      for (const part of parts) expect(stderr).toContain(part)
    }
    const copy = (name: string, change: (at: string) => void): string => {
      const at = join(folder, name)
      cpSync(out, at, { recursive: true })
      change(at)
      return at
    }
    await refused([join(folder, 'nowhere')], 'nowhere', 'found none')
    await refused([config], config, 'found a file')
    await refused([folder], 'tables.json', 'found none')
    const shard = copy('shard', at => {
      for (const f of readdirSync(at)) if (/\.(parquet|arrow)$|tables/.test(f)) rmSync(join(at, f))
    })
    await refused([shard], 'tables.json', 'one shard of several')
    const damaged = copy('damaged', at => {
      const file = join(at, 'predictions.parquet')
      const bytes = readFileSync(file)
      bytes[100] = (bytes[100] ?? 0) ^ 1
      writeFileSync(file, bytes)
    })
    await refused([damaged], 'predictions.parquet', 'damaged or changed')
    await refused([copy('gone', at => rmSync(join(at, 'tiles.parquet')))], 'tiles.parquet', 'found none')
    const stopped = copy('stopped', at => {
      const list = JSON.parse(readFileSync(join(at, 'tables.json'), 'utf8')) as { files: Record<string, string> }
      list.files = Object.fromEntries(Object.entries(list.files).filter(([f]) => !f.startsWith('errors')))
      writeFileSync(join(at, 'tables.json'), JSON.stringify(list))
    })
    await refused([stopped], 'tables.json', '"errors"', 'not stopped')
    const another = write('another', { ...experiment, seed: 8 })
    await refused([out, '--config', another], another, 'SHA-256')
    const own = copy('own', at => writeFileSync(join(at, 'report/report.html'), 'mine'))
    await refused([own], 'report.html', 'changed since')
    expect(readFileSync(join(own, 'report/report.html'), 'utf8')).toBe('mine')
  })

  test('without its config the devices are left out, and it says so', async () => {
    const at = join(folder, 'moved')
    cpSync(out, at, { recursive: true })
    rmSync(join(at, 'run.json'))
    const { code, stderr } = await ohmflow(['report', at])
    expect([code, stderr.includes('the devices are left out')]).toEqual([0, true])
    expect(existsSync(join(at, 'report/conductances.svg'))).toBe(false)
    expect(readFileSync(join(at, 'report/report.html'), 'utf8')).toContain(
      'Without the config the devices are not known',
    )
  })

  test('in CI there is a browser', () => {
    if (process.env.CI !== undefined) expect(browserPath).toBeDefined()
  })

  test.skipIf(browserPath === undefined)(
    'in a browser: nothing in the console, every plot drawn, all reached by keyboard, no page wider than its window',
    async () => {
      await inBrowser(async (tab, said) => {
        await tab.goto(`file://${reported()}/report.html`)
        // Texts, as what runs in the page has types of its own.
        const plots = await tab.evaluate<readonly { width: number; height: number; marks: number }[]>(
          `[...document.querySelectorAll('figure svg')].map(svg => {
            const { width, height } = svg.getBoundingClientRect()
            return { width, height, marks: svg.querySelectorAll('path, line, text, rect').length }
          })`,
        )
        expect(plots.length).toBe(8)
        for (const p of plots) expect(p.width > 300 && p.height > 100 && p.marks > 20).toBe(true)
        expect(await tab.locator('.short').allInnerTexts()).toHaveLength(3)
        expect(await unreached(tab, 60)).toEqual([])
        await tab.setViewportSize({ width: 390, height: 800 })
        expect(await tab.evaluate('document.documentElement.scrollWidth')).toBe(390)
        await tab.emulateMedia({ media: 'print' })
        const table = tab.locator('details table').first()
        expect((await table.boundingBox())?.height).toBeGreaterThan(50)
        expect(said).toEqual([])
      })
    },
  )
})
