/** Kinds of data: TSVs and Parquet files of a task, JSON lines on the standard input of `predict`. */
import { join } from 'node:path'
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { Example } from '../../src/domain/tasks/example.js'
import { tasks, type Task } from '../../src/domain/tasks/task.js'
import { openDataset } from '../../src/io/glue/dataset.js'
import { orThrow } from '../../src/io/fault.js'
import { arrivals } from '../../src/io/lines.js'
import { decodeRequest } from '../../src/pipelines/predict.js'
import { spoiltBytes } from './bytes.js'
import { spoiltJson } from './json.js'
import { text, type Kind, type Wrong } from './kind.js'
import { written } from './written.js'

const encoder = new TextEncoder()

const examplesOf = async (task: Task, folder: string): Promise<readonly Example[]> => {
  const dataset = await orThrow(openDataset(task, folder, 'dev'))
  const examples: Example[] = []
  for await (const example of dataset.examples()) examples.push(example)
  return examples
}

const tsvs: Readonly<Record<'sst2' | 'stsb' | 'mrpc' | 'cola', string>> = {
  sst2: 'sentence\tlabel\na charming film\t1\n"quoted" and dull \t0\nnaïve\t1\n',
  stsb: 'index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n0\tg\tf\ty\t1\ts\ts\ta b\tb a\t3.800\n1\tg\tf\ty\t1\ts\ts\tc\td\t0.000\n',
  mrpc: 'Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n1\t1\t2\tone text\tother text\n0\t1\t2\tx\ty\n',
  cola: 'gj04\t1\t\tIt is.\ngj04\t0\t*\tIs it is.\n',
}

/** Rows and fields by plain splitting: nothing is quoted in these files. */
const plainRows = (task: Task, content: string): readonly (readonly [string, string | null, string])[] => {
  const { header, columns, text: first, pair, label } = task.tsv.dev
  const lines = content
    .replace(/^\ufeff/, '')
    .split('\n')
    .map(line => line.replace(/\r$/, ''))
  while (lines.at(-1) === '') lines.pop()
  const field = (line: string, name: string | null): string => line.split('\t')[columns.indexOf(name ?? '')] ?? ''
  return lines
    .slice(header ? 1 : 0)
    .map(line => [field(line, first), pair === null ? null : field(line, pair), field(line, label)])
}

const sameRows = (task: Task, examples: readonly Example[], content: string): Wrong => {
  const rows = plainRows(task, content)
  if (rows.length !== examples.length) return `${examples.length} examples of ${rows.length} rows`
  for (const [i, { index, text: given, pair, label }] of examples.entries()) {
    const [first, second, target] = rows[i] ?? ['', null, '']
    if (index !== i || given !== first || pair !== second) return `row ${i} is not what stands there`
    const expected = task.target.kind === 'regression' ? Number(target) : task.tsvLabels.indexOf(target)
    if (label !== expected || !(label >= 0))
      return `the label of row ${i}: ${String(label)} of ${JSON.stringify(target)}`
  }
  return null
}

const names = ['sst2', 'stsb', 'mrpc', 'cola'] as const

export const tsv: Kind = {
  name: 'tsv',
  spoilt: random => {
    const name = random.pick(names)
    return { [`${name}-dev.tsv`]: spoiltBytes(encoder.encode(tsvs[name]), random) }
  },
  read: async (folder, files) => {
    const [file = ''] = Object.keys(files)
    const task = tasks[names.find(name => file.startsWith(name)) ?? 'sst2']
    const content = text(files[file])
    return sameRows(
      task,
      await examplesOf({ ...task, tsv: { ...task.tsv, dev: { ...task.tsv.dev, file } } }, folder),
      content,
    )
  },
}

const sentences = Array.from({ length: 40 }, (_, i) => `a sentence of some length, number ${i % 7}, naïve`)
const labels = sentences.map((_, i) => BigInt(i % 2))
const paged = { pageSize: 256, rowGroupSize: 25 }
const encoded = [
  { codec: 'SNAPPY' },
  { codec: 'SNAPPY', ...paged },
  { codec: 'UNCOMPRESSED' },
  { codec: 'UNCOMPRESSED', ...paged },
  { codec: 'UNCOMPRESSED', text: 'DELTA_BYTE_ARRAY', label: 'DELTA_BINARY_PACKED' },
  { codec: 'SNAPPY', text: 'DELTA_LENGTH_BYTE_ARRAY', label: 'BYTE_STREAM_SPLIT', ...paged },
].map(({ text, label, ...options }) => {
  const columnData = [
    { name: 'sentence', data: sentences, type: 'STRING', ...(text === undefined ? {} : { encoding: text }) },
    { name: 'label', data: labels, type: 'INT64', ...(label === undefined ? {} : { encoding: label }) },
  ]
  // as: names that its types know
  return new Uint8Array(parquetWriteBuffer({ columnData, ...options } as Parameters<typeof parquetWriteBuffer>[0]))
})
const column = { nullable: true, unit: '1', description: '' } as const
const columns = [
  { ...column, name: 'sentence', type: 'utf8' },
  { ...column, name: 'label', type: 'int32' },
] as const
const firstVersion = await written(
  'parquetjs',
  { name: 'examples', columns },
  sentences.map((sentence, i) => ({ sentence, label: i % 2 })),
)
const parquets = [...encoded, firstVersion]

export const parquet: Kind = {
  name: 'parquet',
  spoilt: random => {
    const whole = random.pick(parquets)
    // The footer and the pages' headers are where structure is; texts are most of the rest.
    const footer = whole.length - 8 - new DataView(whole.buffer).getUint32(whole.length - 8, true)
    const inFooter = random.chance(0.5)
    const spoilt = inFooter
      ? Buffer.concat([whole.subarray(0, footer), spoiltBytes(whole.subarray(footer, -8), random), whole.subarray(-8)])
      : spoiltBytes(whole, random)
    if (inFooter)
      Buffer.from(spoilt.buffer, spoilt.byteOffset).writeUInt32LE(spoilt.length - 8 - footer, spoilt.length - 8)
    return { 'validation-00000-of-00001.parquet': spoilt }
  },
  read: async folder => {
    const examples = await examplesOf(tasks.sst2, folder)
    const odd = examples.findIndex(
      ({ text: given, label }) => typeof given !== 'string' || !(label === 0 || label === 1),
    )
    if (odd >= 0) return `row ${odd} is no example`
    return examples.length <= 100_000 ? null : `${examples.length} examples`
  },
}

const requests = [
  { text: 'a charming film' },
  { text: 'x', pair: 'y' },
  { text: '', pair: null },
  { pair: 'é', text: '\ud83d\ude00', other: [1, { a: 2 }] },
]

export const jsonl: Kind = {
  name: 'jsonl',
  spoilt: random => {
    const lines = Array.from({ length: 1 + random.below(3) }, () => spoiltJson(random.pick(requests), random))
    const whole = Buffer.concat(lines.flatMap(line => [line, Uint8Array.of(10)]))
    return { 'lines.jsonl': random.chance(0.1) ? spoiltBytes(whole, random) : whole }
  },
  read: async (_, files) => {
    const bytes = files['lines.jsonl'] ?? new Uint8Array(0)
    const read: { text: string; pair: string | null }[] = []
    const blocks = async function* () {
      yield await Promise.resolve(bytes)
    }
    for await (const lines of arrivals('stdin', blocks()))
      for (const line of lines) if (line.text.trim() !== '') read.push(decodeRequest('stdin', line))
    const expected = text(bytes)
      .replace(/^\ufeff/, '')
      .split('\n')
      .filter(line => line.trim() !== '')
    if (expected.length !== read.length) return `${read.length} requests of ${expected.length} lines`
    for (const [i, line] of expected.entries()) {
      const value = JSON.parse(line) as { readonly text?: unknown; readonly pair?: unknown } // as: only looked at
      if (read[i]?.text !== value.text || read[i]?.pair !== (value.pair ?? null)) return `line ${i} is read as another`
    }
    return null
  },
  command: folder => ({
    args: ['predict', '--workers', '1', '--checkpoint', join(import.meta.dirname, '../../data/models/sst2')],
    stdin: join(folder, 'lines.jsonl'),
  }),
}
