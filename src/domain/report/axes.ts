/**
 * What a sweep varies, found from its settings: columns that change together are one axis, whether they are keys of one
 * swept object or zipped. Settings that are not every value with every other have one axis, which is the settings themselves.
 */
import { each } from '../experiment/results.js'
import { groupsBy } from '../tables/groups.js'
import type { Column, Row } from '../tables/table.js'
import { settingCell } from './settings.js'

export interface SweepAxis {
  readonly columns: readonly Column[]
  /** Distinct, in the order of the settings; of these columns alone. */
  readonly values: readonly Row[]
}

const pick = (row: Row, columns: readonly Column[]): Row =>
  Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]))

const distinct = (settings: readonly Row[], columns: readonly Column[]): readonly Row[] =>
  groupsBy(
    settings,
    columns.map(c => c.name),
  ).map(([first]) => pick(first, columns))

/** Whether one of two columns tells the other: crossed ones of two values and more never do. */
const areTied = (settings: readonly Row[], a: Column, b: Column): boolean => {
  const [ofA, ofB] = [distinct(settings, [a]).length, distinct(settings, [b]).length]
  return Math.min(ofA, ofB) > 1 && distinct(settings, [a, b]).length === Math.max(ofA, ofB)
}

/** In the order of the columns. @param settings each once */
export const sweepAxes = (columns: readonly Column[], settings: readonly Row[]): readonly SweepAxis[] => {
  const groups = columns.reduce<readonly (readonly Column[])[]>((found, column) => {
    const isTied = (group: readonly Column[]): boolean => group.some(other => areTied(settings, other, column))
    const merged = [...found.filter(isTied).flat(), column]
    const first = found.findIndex(isTied)
    return first < 0
      ? [...found, merged]
      : found.flatMap((group, i) => (i === first ? [merged] : isTied(group) ? [] : [group]))
  }, [])
  const axes = groups.map(own => ({ columns: own, values: distinct(settings, own) }))
  const crossed = axes.reduce((product, { values }) => product * values.length, 1)
  return crossed === settings.length ? axes : [{ columns, values: distinct(settings, columns) }]
}

const lastSteps = (name: string, count: number): string => name.split('.').slice(-count).join('.')

/** The fewest last steps of each key, two at least, that tell it from the others: `adc.bits`, `outputNoise`. */
export const shortNames = (columns: readonly Column[]): ReadonlyMap<string, string> => {
  const bare = (name: string): string => name.replace(/^hardware\./, '')
  return new Map(
    columns.map(({ name }) => {
      const steps = bare(name).split('.').length
      const others = columns.flatMap(c => (c.name === name ? [] : [bare(c.name)]))
      const count = Array.from({ length: steps }, (_, i) => i + 1).find(
        n => n >= Math.min(2, steps) && !others.some(other => lastSteps(other, n) === lastSteps(bare(name), n)),
      )
      return [name, count === undefined ? name : lastSteps(bare(name), count)]
    }),
  )
}

const parentOf = (name: string): string => name.split('.').slice(0, -1).join('.')

/**
 * `adc.bits 6, outputNoise 0.04`: what a row says of some columns, without those that do not apply to it. Of neighbours
 * within one object the second says its last step alone: `inputRange.percentile 99.5, rule percentile`.
 */
export const rowLabel =
  (names: ReadonlyMap<string, string>) =>
  (columns: readonly Column[], row: Row): string => {
    const own = columns.filter(({ name }) => (row[name] ?? null) !== null)
    const said = own.map(({ name }, i) => {
      const before = own[i - 1]?.name
      const isWithin = before !== undefined && parentOf(before) === parentOf(name) && parentOf(name) !== 'hardware'
      return `${isWithin ? lastSteps(name, 1) : (names.get(name) ?? name)} ${settingCell(row[name])}`
    })
    return said.length === 0 ? `no ${axisName(names, columns)}` : said.join(', ')
  }

/** `adc.bits`; of several columns, all. */
export const axisName = (names: ReadonlyMap<string, string>, columns: readonly Column[]): string =>
  columns.map(({ name }) => names.get(name) ?? name).join(', ')

/** `99.5, percentile`: the values alone, of those columns that apply. */
export const valuesLabel = (columns: readonly Column[], row: Row): string =>
  columns.flatMap(({ name }) => ((row[name] ?? null) === null ? [] : [settingCell(row[name])])).join(', ')

/** How an axis is drawn: by its numbers, by their logarithms, or evenly; evenly alone with words. */
export type Spacing = 'linear' | 'log' | 'even'

const least = 0.06

/** Numbers are kept in proportion where their marks have room, on either scale. */
export const spacingOf = ({ columns, values }: SweepAxis): Spacing => {
  const [column, ...others] = columns
  const numbers = column === undefined ? [] : values.map(row => row[column.name]).filter(v => typeof v === 'number')
  if (column === undefined || others.length > 0 || column.type === 'utf8' || numbers.length < values.length)
    return 'even'
  const sorted = [...numbers].sort((a, b) => a - b)
  const haveRoom = (scaled: readonly number[]): boolean => {
    const range = (scaled.at(-1) ?? 0) - (scaled[0] ?? 0)
    return scaled.every((v, i) => i === 0 || v - (scaled[i - 1] ?? 0) >= least * range)
  }
  if (haveRoom(sorted)) return 'linear'
  return (sorted[0] ?? 0) > 0 && haveRoom(sorted.map(Math.log)) ? 'log' : 'even'
}

/** Whether a line may go from one value to the next. */
export const isOrdered = (axis: SweepAxis): boolean => axis.columns.length === 1 && axis.columns[0]?.type !== 'utf8'

/** The axis that scores are drawn over: that of most values, those of numbers before others. */
export const mainAxis = (axes: readonly SweepAxis[]): SweepAxis | undefined =>
  axes.reduce<SweepAxis | undefined>((best, axis) => {
    if (best === undefined) return axis
    const rank = (a: SweepAxis): number => (a.values.length > 1 ? 2 : 0) + (isOrdered(a) ? 1 : 0)
    if (rank(axis) !== rank(best)) return rank(axis) > rank(best) ? axis : best
    return axis.values.length > best.values.length ? axis : best
  }, undefined)

/** The columns of several axes. */
export const columnsOf = (axes: readonly SweepAxis[]): readonly Column[] => each(axes.flatMap(a => a.columns))
