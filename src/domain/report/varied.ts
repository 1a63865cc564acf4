/** What a page says of a sweep before all else: what is varied, and which setting is shown in full. */
import { counted } from '../count.js'
import { each } from '../experiment/results.js'
import type { Column, Row } from '../tables/table.js'
import { sweepAxes, type SweepAxis } from './axes.js'
import { gridOf, type Figure, type Grid } from './figure.js'
import { settingCell } from './settings.js'

export interface Varied {
  readonly said: string
  /** A row for each key. */
  readonly keys: Grid
}

/** More values of a key are not listed. */
const mostValues = 16

const valuesOf = ({ name }: Column, { values }: SweepAxis): string => {
  const all = each(values.map(row => settingCell(row[name])))
  return `${all.slice(0, mostValues).join(', ')}${all.length > mostValues ? `, ... (${all.length})` : ''}`
}

const combined = (axes: readonly SweepAxis[]): string => {
  const varied = axes.filter(a => a.values.length > 1)
  if (varied.length > 1) return ', every value with every other'
  return (varied[0]?.columns.length ?? 0) > 1 ? '; values of several keys go together' : ''
}

/** @param settings each once */
export const variedOf = (columns: readonly Column[], settings: readonly Row[]): Varied => {
  const axes = sweepAxes(columns, settings)
  return {
    said: `A sweep of ${counted(settings.length, 'setting')}${combined(axes)}.`,
    keys: gridOf(
      'What is varied',
      [
        { head: 'key', cell: ([column]) => column.name },
        { head: 'values', cell: ([column, axis]) => valuesOf(column, axis) },
        { head: 'what it is', cell: ([column]) => column.description },
      ],
      axes.flatMap(axis => axis.columns.map(column => [column, axis] as const)),
    ),
  }
}

/** A figure of one setting says so, on its own too. */
export const inSetting = (setting: string, figure: Figure): Figure => {
  const alt = `With ${setting}: ${figure.alt}`
  return {
    ...figure,
    alt,
    spec: {
      ...figure.spec,
      description: alt,
      title: { text: setting, fontWeight: 'normal', offset: 14 },
    },
  }
}
