/**
 * The Hugging Face copy of GLUE: Parquet shards, read a window of rows at a time, every value checked.
 * Not modelled: nested or encrypted columns, ZSTD and LZ4 pages, the `idx` column (in MRPC it is no position).
 *
 * Scores are given as stored: the copy keeps STS-B's in float32, where the TSV's 3.8 is 3.799999952316284.
 * Memory: the decoded rows of one window, and of each column used one column chunk (without a page index, compressed)
 * or the pages of the window (with one). Sizes that a file gives are checked before they are used (parquetBounds.ts).
 */
import { isLeft } from 'fp-ts/lib/Either.js'
import {
  parquetMetadataAsync,
  parquetScan,
  parquetSchema,
  type AsyncBuffer,
  type FileMetaData,
  type ParquetScan,
  type SchemaElement,
} from 'hyparquet'
import * as t from 'io-ts/lib/index.js'
import { Failure, problem } from '../../domain/problem.js'
import type { Example } from '../../domain/tasks/example.js'
import { sameLabels } from '../../domain/tasks/label.js'
import type { Task } from '../../domain/tasks/task.js'
import { checkFooter, checkPages } from '../parquetBounds.js'
import { compressors, decoding, refuseFooterless, rangesOf } from '../parquetFile.js'
import { openSource, type Source } from '../source.js'
import { decodeUtf8 } from '../utf8.js'

/** Whether rows must have a label, must have none (-1, as in most test splits), or may do either. */
export type Labels = 'present' | 'absent' | 'either'

/** Rows decoded at a time, at least. */
const windowRows = 8192

/** Strings stay bytes until their row is known, so that bad UTF-8 can be reported with it. */
const parsers = { stringFromBytes: (bytes: Uint8Array): Uint8Array => bytes }

const typeName = ({ type, converted_type }: SchemaElement): string =>
  (type ?? 'group') + (converted_type === undefined ? '' : ` (${converted_type})`)

const isText = ({ type, converted_type, logical_type }: SchemaElement): boolean =>
  type === 'BYTE_ARRAY' &&
  (converted_type === 'UTF8' || (converted_type === undefined && logical_type?.type === 'STRING'))

const isClass = ({ type, converted_type }: SchemaElement): boolean =>
  (type === 'INT32' || type === 'INT64') && (converted_type === undefined || /^U?INT_/.test(converted_type))

const isScore = ({ type }: SchemaElement): boolean => type === 'FLOAT' || type === 'DOUBLE'

/** Checks that the task's columns are there and hold what they should. @throws Failure */
const checkColumns = (task: Task, file: string, metadata: FileMetaData): void => {
  const { text, pair, label } = task.parquet
  const { children } = parquetSchema(metadata)
  const check = (name: string, expected: string, fits: (element: SchemaElement) => boolean): void => {
    const column = children.find(child => child.element.name === name)
    const place = `column ${JSON.stringify(name)}`
    if (column === undefined) {
      const there = children.map(child => child.element.name).join(', ')
      throw new Failure(problem(file, place, `${expected} of ${task.name}`, `only the columns ${there}`))
    }
    const { element } = column
    if (column.children.length > 0 || element.repetition_type === 'REPEATED')
      throw new Failure(problem(file, place, expected, 'a nested column'))
    if (!fits(element)) throw new Failure(problem(file, place, expected, `type ${typeName(element)}`))
  }
  check(text, 'text (UTF-8 strings)', isText)
  if (pair !== null) check(pair, 'text (UTF-8 strings)', isText)
  if (task.target.kind === 'classification') check(label, 'classes (integers)', isClass)
  else check(label, 'scores (floating-point numbers)', isScore)
}

const HuggingFace = t.type({
  info: t.type({ features: t.type({ label: t.type({ names: t.array(t.string) }) }) }),
})

/** Class names that Hugging Face's `datasets` wrote into the file's metadata; null if there are none. */
const classNames = (metadata: FileMetaData): readonly string[] | null => {
  const text = metadata.key_value_metadata?.find(entry => entry.key === 'huggingface')?.value
  if (text === undefined) return null
  try {
    const features = HuggingFace.decode(JSON.parse(text))
    return isLeft(features) ? null : features.right.info.features.label.names
  } catch {
    return null
  }
}

/** Tells tasks with the same columns (MRPC, RTE, WNLI) apart by the names of their classes. @throws Failure */
const checkClasses = (task: Task, file: string, metadata: FileMetaData): void => {
  const names = classNames(metadata)
  if (names === null || task.target.kind !== 'classification' || sameLabels(names, task.target.labels)) return
  const expected = `the classes of ${task.name} (${task.target.labels.join(', ')})`
  throw new Failure(problem(file, `metadata "huggingface"`, expected, names.join(', ')))
}

const textAt = (file: string, row: number, column: string, value: unknown): string => {
  const place = `row ${row}, column ${JSON.stringify(column)}`
  if (!(value instanceof Uint8Array)) {
    const found = value === null || value === undefined ? 'null' : typeof value
    throw new Failure(problem(file, place, 'a text', found))
  }
  const text = decodeUtf8(value)
  if (isLeft(text))
    throw new Failure(problem(file, place, 'UTF-8 text', `${text.left.shown} at offset ${text.left.offset}`))
  return text.right
}

const labelAt = (task: Task, labels: Labels, file: string, row: number, value: unknown): number | null => {
  const { target } = task
  const number = typeof value === 'bigint' || typeof value === 'number' ? Number(value) : NaN
  if (number === -1 && labels !== 'present') return null
  const [least, most] =
    target.kind === 'classification' ? [0, target.labels.length - 1] : [target.minimum, target.maximum]
  const isOne = target.kind === 'regression' || Number.isInteger(number)
  if (labels !== 'absent' && isOne && number >= least && number <= most) return number
  const expected =
    labels === 'absent'
      ? 'no label (-1), as in the rows before'
      : `${target.kind === 'classification' ? 'a class' : 'a score'} from ${least} to ${most}`
  const found = value === null || value === undefined ? 'null' : `${Number.isNaN(number) ? typeof value : number}`
  const hidden = number === -1 ? ' (unlabelled)' : ''
  throw new Failure(problem(file, `row ${row}, column ${JSON.stringify(task.parquet.label)}`, expected, found + hidden))
}

/** Reads the footer and checks all that it says. @throws Failure, or whatever the decoder throws */
const openScan = async (
  task: Task,
  source: Source,
  buffer: AsyncBuffer,
): Promise<{ readonly scan: ParquetScan; readonly window: number }> => {
  const file = source.path
  await checkFooter(source)
  const metadata = await parquetMetadataAsync(buffer, { geoparquet: false })
  checkColumns(task, file, metadata)
  checkClasses(task, file, metadata)
  const { text, pair, label } = task.parquet
  const columns = pair === null ? [text, label] : [text, pair, label]
  const largest = await checkPages(source, metadata, columns)
  const scan = await parquetScan({ file: buffer, metadata, columns, compressors, parsers, useOffsetIndex: true })
  const rows = scan.ranges.at(-1)?.rowEnd ?? 0
  if (rows === Number(metadata.num_rows)) return { scan, window: Math.max(windowRows, largest) }
  throw new Failure(problem(file, 'footer', `${metadata.num_rows.toString()} rows`, `${rows} in its row groups`))
}

/** Examples of one shard, the first numbered `first`. */
async function* shardExamples(
  task: Task,
  file: string,
  first: number,
  labels: Labels,
): AsyncGenerator<Example, void, undefined> {
  const source = await openSource(file)
  try {
    const buffer = rangesOf(source)
    refuseFooterless(source)
    const { scan, window } = await decoding(file, 'footer', () => openScan(task, source, buffer))
    const { text, pair, label } = task.parquet
    for (const group of scan.ranges) {
      for (let start = group.rowStart; start < group.rowEnd; start += window) {
        const end = Math.min(start + window, group.rowEnd)
        const place = `rows ${start} to ${end - 1}`
        const read = async (column: string): Promise<ArrayLike<unknown>> => {
          const values: ArrayLike<unknown> = await decoding(file, `${place}, column ${JSON.stringify(column)}`, () =>
            scan.readColumn({ column, rowStart: start, rowEnd: end }),
          )
          if (values.length === end - start) return values
          throw new Failure(problem(file, place, `${end - start} values of ${column}`, `${values.length}`))
        }
        const texts = await read(text)
        const pairs = pair === null ? null : await read(pair)
        const targets = await read(label)
        for (let i = 0; i < end - start; i++) {
          const row = start + i
          yield {
            index: first + row,
            text: textAt(file, row, text, texts[i]),
            pair: pair === null || pairs === null ? null : textAt(file, row, pair, pairs[i]),
            label: labelAt(task, labels, file, row, targets[i]),
          }
        }
      }
    }
  } finally {
    await source.close()
  }
}

/**
 * Examples of a split's shards in their order, numbered through from 0. Rows in problems count from 0 in their file.
 * @throws Failure with file and row for whatever is not as the task has it, and for a split without rows
 */
export async function* parquetExamples(
  task: Task,
  files: readonly string[],
  labels: Labels,
): AsyncGenerator<Example, void, undefined> {
  let next = 0
  for (const file of files) {
    for await (const example of shardExamples(task, file, next, labels)) {
      yield example
      next = example.index + 1
    }
  }
  if (next === 0) throw new Failure(problem(files.join(', '), '', 'at least one row', 'no rows'))
}
