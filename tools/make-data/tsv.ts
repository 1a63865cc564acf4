/**
 * A split in its task's official TSV layout. Columns that only the original corpora can fill are empty or count rows.
 * Not modelled: quoting (no miniature text holds a tab, a line break or a quotation mark).
 */
import type { Task } from '../../src/domain/tasks/task.js'
import type { Drawn } from './grammar.js'

/** Columns beside texts and label that the official files always fill. */
const fillers: Readonly<Record<string, (row: number, label: number) => string>> = {
  index: row => String(row),
  '#1 ID': row => String(2 * row),
  '#2 ID': row => String(2 * row + 1),
  source: () => 'mini',
  star: (_, label) => (label === 0 ? '*' : ''),
  genre: () => 'miniature',
}

const labelText = (task: Task, label: number): string =>
  task.target.kind === 'regression' ? label.toFixed(3) : (task.tsvLabels[label] ?? '')

/** The file's text, line feeds included. */
export const tsv = (task: Task, split: 'train' | 'dev', examples: readonly Drawn[]): string => {
  const layout = task.tsv[split]
  const cell = (column: string, { text, pair, label }: Drawn, row: number): string =>
    column === layout.text
      ? text
      : column === layout.pair
        ? (pair ?? '')
        : column === layout.label
          ? labelText(task, label)
          : (fillers[column]?.(row, label) ?? '')
  const rows = examples.map((example, row) => layout.columns.map(column => cell(column, example, row)))
  const lines = layout.header ? [layout.columns, ...rows] : rows
  return lines.map(cells => `${cells.join('\t')}\n`).join('')
}
