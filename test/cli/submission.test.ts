/** Files for the GLUE leaderboard, from real test splits in both layouts, digitally and on a chip. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { tasks, type TaskName } from '../../src/domain/tasks/task.js'
import { repository, shared } from '../shared.js'
import { configsIn, ohmflow, temporaryFolder } from './ohmflow.js'

const mini = (name: string): string => join(repository, 'data/models', name)
const glue = (name: string): string => shared(`data/glue-hf/${name}`)

type Texts = Readonly<Record<string, unknown>>

/** Rows of a Parquet file of the Hugging Face copy. */
const rowsOf = (file: string): Promise<readonly Texts[]> =>
  parquetReadObjects({ file: Uint8Array.from(readFileSync(file)).buffer })

/** The first rows of a task's real test split as its official TSV, in a folder of its own. */
const asTsv = async (name: TaskName, rows: number): Promise<string> => {
  const { tsv, parquet } = tasks[name]
  const folder = temporaryFolder()
  const texts = (await rowsOf(join(glue(parquet.config), `${parquet.splits.test}-00000-of-00001.parquet`))).slice(
    0,
    rows,
  )
  const field = (row: Texts, column: string, i: number): string => {
    if (column === tsv.test.text) return String(row[parquet.text])
    if (column === tsv.test.pair) return String(row[parquet.pair ?? ''])
    return column === 'index' || column === 'id' ? `${i}` : 'x'
  }
  const lines = texts.map((row, i) => tsv.test.columns.map(column => field(row, column, i)).join('\t'))
  writeFileSync(join(folder, tsv.test.file), [tsv.test.columns.join('\t'), ...lines, ''].join('\n'))
  return folder
}

const submit = (task: string, out: string, ...more: readonly string[]) =>
  ohmflow(['predict', '--task', task, '--split', 'test', '--submission', '--out', out, ...more])

/** Header and rows of a file, its index checked. */
const readSubmission = (path: string): readonly string[] => {
  const [header, ...lines] = readFileSync(path, 'utf8').split('\n')
  expect(header).toBe('index\tprediction')
  expect(lines.pop()).toBe('')
  return lines.map((line, i) => {
    const [index, prediction = '', ...others] = line.split('\t')
    expect([index, others]).toEqual([`${i}`, []])
    return prediction
  })
}

const three = [
  '--checkpoint',
  shared('data/reference/tiny-roberta-3-labels-f16'),
  '--tokenizer',
  shared('data/roberta-base-tokenizer'),
]
const mnliWords = /^(entailment|neutral|contradiction)$/

// How long it takes decides nothing.
describe('ohmflow predict --submission', { timeout: 900_000 }, () => {
  test.each<[TaskName, string, number, RegExp]>([
    ['cola', 'CoLA.tsv', 1063, /^[01]$/],
    ['mrpc', 'MRPC.tsv', 1725, /^[01]$/],
    ['stsb', 'STS-B.tsv', 1379, /^[0-5]\.\d{3}$/],
    ['sst2', 'SST-2.tsv', 1821, /^[01]$/],
  ])(
    '%s: the whole real test split, the same file from Parquet and from the official TSV',
    async (name, file, count, word) => {
      const out = temporaryFolder()
      const ended = await submit(name, out, '--checkpoint', mini(name), '--data', glue(name))
      expect(ended).toMatchObject({ code: 0, stdout: '' })
      expect(ended.stderr).not.toContain('the leaderboard takes')
      expect(readdirSync(out)).toEqual([file])
      const predictions = readSubmission(join(out, file))
      expect(predictions).toHaveLength(count)
      expect(predictions.filter(p => !word.test(p))).toEqual([])
      expect(new Set(predictions).size).toBeGreaterThan(1)
      const again = temporaryFolder()
      await submit(name, again, '--checkpoint', mini(name), '--data', await asTsv(name, count))
      expect(readFileSync(join(again, file))).toEqual(readFileSync(join(out, file)))
    },
  )

  test('the real SST-2 model: classes are those of its logits, and of no others', async () => {
    const [out, data] = [temporaryFolder(), await asTsv('sst2', 40)]
    const model = shared('data/models/sst2')
    const ended = await submit('sst2', out, '--checkpoint', model, '--data', data)
    expect(ended.stderr).toContain('40 rows; the leaderboard takes 1821')
    const texts = readFileSync(join(data, 'test.tsv'), 'utf8').trimEnd().split('\n').slice(1)
    const input = texts.map(line => `${JSON.stringify({ text: line.split('\t')[1] })}\n`).join('')
    const { stdout } = await ohmflow(['predict', '--checkpoint', model], { input })
    const logits = stdout
      .trimEnd()
      .split('\n')
      .map(l => (JSON.parse(l) as { readonly logits: readonly [number, number] }).logits)
    const predictions = readSubmission(join(out, 'SST-2.tsv'))
    expect(predictions).toEqual(logits.map(([negative, positive]) => (positive > negative ? '1' : '0')))
    expect(new Set(predictions)).toEqual(new Set(['0', '1']))
  })

  test('both halves of MNLI and the diagnostic set, with label words, from one model', async () => {
    const out = temporaryFolder()
    for (const [name, file] of [
      ['mnli', 'MNLI-m.tsv'],
      ['mnli-mm', 'MNLI-mm.tsv'],
    ] as const) {
      const ended = await submit(name, out, ...three, '--data', await asTsv(name, 60))
      expect(ended).toMatchObject({ code: 0 })
      const predictions = readSubmission(join(out, file))
      expect(predictions).toHaveLength(60)
      expect(predictions.filter(p => !mnliWords.test(p))).toEqual([])
    }
    const pairs = (await rowsOf(join(glue('mnli'), 'test_matched-00000-of-00001.parquet'))).slice(0, 60)
    // The diagnostic set in both of its layouts, of MNLI's texts: so it has MNLI's predictions.
    const data = temporaryFolder()
    mkdirSync(join(data, 'diagnostic'))
    const lines = pairs.map((r, i) => `${i}\t${String(r.premise)}\t${String(r.hypothesis)}\n`)
    writeFileSync(join(data, 'diagnostic/diagnostic.tsv'), ['index\tsentence1\tsentence2\n', ...lines].join(''))
    const copy = temporaryFolder()
    const column = (name: string) => ({ name, data: pairs.map(r => String(r[name])), type: 'STRING' as const })
    const bytes = parquetWriteBuffer({
      columnData: [
        column('premise'),
        column('hypothesis'),
        { name: 'label', data: pairs.map(() => -1), type: 'INT32' },
      ],
    })
    writeFileSync(join(copy, 'test-00000-of-00001.parquet'), new Uint8Array(bytes))
    for (const folder of [data, copy]) {
      expect(await submit('ax', out, ...three, '--data', folder)).toMatchObject({ code: 0 })
      expect(readFileSync(join(out, 'AX.tsv'))).toEqual(readFileSync(join(out, 'MNLI-m.tsv')))
    }
  })

  test('on a chip of a config: the predictions of a run on that chip, at that time', async () => {
    const own = temporaryFolder()
    const data = await asTsv('cola', 200)
    writeFileSync(join(data, 'train.tsv'), readFileSync(join(repository, 'data/glue/CoLA/train.tsv')))
    const ranges = { columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } }
    const config = configsIn(own)('config', {
      ...{ schema: 1, name: 'chip', seed: 2 },
      tasks: [{ task: 'cola', checkpoint: mini('cola'), data, split: 'test' }],
      hardware: { tile: { rows: 64, columns: 64 }, dac: { bits: 4 }, adc: { bits: 4, bound: 12 }, outputNoise: 0.3 },
      repeat: { chips: 2, times: ['0 s', '1 y'] },
      calibration: { examples: 4 },
      methods: [
        { name: 'digital', execution: 'digital' },
        { name: 'first', ...ranges },
        { name: 'chip', ...ranges, spare: 'columns' },
      ],
    })
    expect(await ohmflow(['run', config, '--out', join(own, 'run')])).toMatchObject({ code: 0 })
    const rows = await rowsOf(join(own, 'run/predictions.parquet'))
    const expected = (method: string, chip: number | null, time: number | null): readonly string[] =>
      rows.filter(r => r.method === method && r.chip === chip && r.time_seconds === time).map(r => String(r.prediction))
    const on = async (method: string, ...more: readonly string[]): Promise<readonly string[]> => {
      const ended = await submit('cola', join(own, 'out'), '--config', config, '--method', method, ...more)
      expect(ended).toMatchObject({ code: 0 })
      return readSubmission(join(own, 'out/CoLA.tsv'))
    }
    const aYear = expected('chip', 1, 31_536_000)
    expect(aYear).toHaveLength(200)
    expect(await on('chip', '--chip', '1', '--time', '1 y')).toEqual(aYear)
    expect(aYear).not.toEqual(expected('chip', 0, 31_536_000))
    expect(await on('digital')).toEqual(expected('digital', null, null))
    const refused = async (...more: readonly string[]) =>
      (await submit('cola', own, '--config', config, ...more)).stderr
    expect(await refused('--method', 'chp')).toContain('did you mean "chip"?), found chp')
    expect(await refused('--method', 'chip')).toContain('--time: expected the time after programming')
    expect(await refused('--method', 'chip', '--time', '1 h', '--chip', '2')).toContain('--chip: expected below 2')
    expect(await refused('--method', 'digital', '--time', '1 h')).toContain('expected a method on a chip')
    expect(await refused('--method', 'digital', '--checkpoint', 'x')).toContain('--checkpoint: expected none beside')
  })

  const labelled = async (): Promise<string> => {
    const folder = temporaryFolder()
    const rows = (await rowsOf(join(glue('cola'), 'validation-00000-of-00001.parquet'))).slice(0, 5)
    const bytes = parquetWriteBuffer({
      columnData: [
        { name: 'sentence', data: rows.map(r => String(r.sentence)), type: 'STRING' },
        { name: 'label', data: rows.map(r => Number(r.label)), type: 'INT32' },
      ],
    })
    writeFileSync(join(folder, 'test-00000-of-00001.parquet'), new Uint8Array(bytes))
    return folder
  }
  const cola = ['--checkpoint', mini('cola'), '--data', glue('cola')]
  const common = ['predict', '--task', 'cola', '--submission']

  test.each<[string, () => readonly string[] | Promise<readonly string[]>, string]>([
    [
      'a model with another number of labels',
      () => [...common, '--split', 'test', '--data', glue('cola'), ...three],
      'one output for each of the 2 labels of cola',
    ],
    [
      'a regression model',
      () => [...common, '--split', 'test', '--data', glue('cola'), '--checkpoint', mini('stsb')],
      'one output for each of the 2 labels of cola',
    ],
    ['a split with labels', () => [...common, '--split', 'dev', ...cola], '--split: expected test'],
    ['no split', () => [...common, ...cola], '--split: expected test'],
    [
      'a test split with labels',
      async () => [...common, '--split', 'test', '--checkpoint', mini('cola'), '--data', await labelled()],
      "expected examples without labels, as GLUE's test splits, found labels",
    ],
    [
      'a folder without a test split',
      () => [...common, '--split', 'test', '--checkpoint', mini('cola'), '--data', join(repository, 'data/glue')],
      'the test split of cola (test.tsv)',
    ],
    [
      'a task that is none',
      () => ['predict', '--task', 'sst', '--split', 'test', '--submission', ...cola],
      'did you mean',
    ],
    ['no task', () => ['predict', '--split', 'test', '--submission', ...cola], '--task: expected the task'],
    ['no data', () => [...common, '--split', 'test', '--checkpoint', mini('cola')], '--data: expected the folder'],
    [
      'no model',
      () => [...common, '--split', 'test', '--data', glue('cola')],
      '--checkpoint: expected a checkpoint, or --config',
    ],
    [
      'a chip without a config',
      () => [...common, '--split', 'test', ...cola, '--chip', '0'],
      '--chip: expected --config beside it',
    ],
    [
      'what is for submissions without --submission',
      () => ['predict', '--task', 'cola', '--checkpoint', mini('cola')],
      '--task: expected --submission beside it',
    ],
  ])('refuses %s', async (_, args, message) => {
    const out = join(temporaryFolder(), 'out')
    const given = await args()
    const ended = await ohmflow(given.includes('--submission') ? [...given, '--out', out] : given)
    expect(ended.stderr).toContain(message)
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(existsSync(out)).toBe(false)
  })
})
