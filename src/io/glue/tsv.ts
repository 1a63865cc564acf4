/**
 * GLUE's official TSV files, row by row: tabs between columns, quotes are ordinary characters (Python's QUOTE_NONE).
 * Not modelled: quoted or escaped fields, the columns no task uses.
 */
import type { Example } from '../../domain/tasks/example.js'
import { Failure, problem } from '../../domain/problem.js'
import type { Task, TsvLayout } from '../../domain/tasks/task.js'
import { shown } from '../decoding.js'
import { lines, type Line } from '../lines.js'

const columnsIn = (n: number): string => `${n} column${n === 1 ? '' : 's'}`

const decimal = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** A row's label. @throws Failure if it is none of the task. */
const labelOf = (task: Task, file: string, place: string, column: string, text: string): number => {
  const { target } = task
  const at = `${place}, column ${JSON.stringify(column)}`
  if (target.kind === 'classification') {
    const label = task.tsvLabels.indexOf(text)
    if (label >= 0) return label
    throw new Failure(problem(file, at, `one of ${task.tsvLabels.map(l => JSON.stringify(l)).join(', ')}`, shown(text)))
  }
  const score = decimal.test(text) ? Number(text) : NaN
  if (score >= target.minimum && score <= target.maximum) return score
  throw new Failure(problem(file, at, `a number from ${target.minimum} to ${target.maximum}`, shown(text)))
}

const checkHeader = (layout: TsvLayout, file: string, header: Line | null): void => {
  const expected = `the header ${layout.columns.join(' | ')}`
  if (header === null) throw new Failure(problem(file, '', expected, 'an empty file'))
  const found = header.text.split('\t')
  if (found.length !== layout.columns.length || found.some((name, i) => name !== layout.columns[i]))
    throw new Failure(problem(file, 'line 1', expected, shown(found.join(' | '))))
}

/**
 * Examples of one file, numbered from 0; labels are null where the layout has none.
 * Blank lines may only end the file. @throws Failure with file and line for whatever is not as the layout says.
 */
export async function* tsvExamples(
  task: Task,
  layout: TsvLayout,
  file: string,
): AsyncGenerator<Example, void, undefined> {
  const column = (name: string | null): number => (name === null ? -1 : layout.columns.indexOf(name))
  const [text, pair, label] = [column(layout.text), column(layout.pair), column(layout.label)]
  let index = 0
  let blank: number | null = null
  let started = !layout.header
  for await (const line of lines(file)) {
    if (!started) {
      checkHeader(layout, file, line)
      started = true
      continue
    }
    if (line.text === '') {
      blank ??= line.number
      continue
    }
    if (blank !== null) throw new Failure(problem(file, `line ${blank}`, 'a row', 'a blank line'))
    const fields = line.text.split('\t')
    const place = `line ${line.number}`
    if (fields.length !== layout.columns.length)
      throw new Failure(problem(file, place, columnsIn(layout.columns.length), columnsIn(fields.length)))
    yield {
      index,
      text: fields[text] ?? '',
      pair: pair < 0 ? null : (fields[pair] ?? ''),
      label: label < 0 ? null : labelOf(task, file, place, layout.label ?? '', fields[label] ?? ''),
    }
    index += 1
  }
  if (!started) checkHeader(layout, file, null)
  if (index === 0) throw new Failure(problem(file, '', 'at least one row', layout.header ? 'only a header' : 'no rows'))
}
