/**
 * The settings that a sweep comes to, and the columns that tell them apart in the tables. Settings stand in the order of
 * the axes' keys, the last running fastest. Not here: how a setting becomes a config (io/config/settings.ts).
 */
import type { Cell, Column, ColumnType } from '../tables/table.js'
import { isJsonObject, type Config, type Json, type Sweep } from './config.js'

/** A value of an axis: which one, counted from 0, and what it is. */
export interface Choice {
  readonly key: string
  readonly place: number
  readonly value: Json
}

/** One config of an experiment: the whole of it without a sweep. */
export interface Setting {
  /** Position among the settings. */
  readonly index: number
  /** One of each axis, in their order; none without a sweep. */
  readonly choices: readonly Choice[]
  /** Without a sweep of its own. */
  readonly config: Config
  /** Of the settings' columns. */
  readonly cells: Readonly<Record<string, Cell>>
}

/** At least one. */
export interface Settings {
  /** What tells them apart in every table, in the order of the keys; none without a sweep. */
  readonly columns: readonly Column[]
  readonly all: readonly [Setting, ...(readonly Setting[])]
}

/** What a key of the config is, as its schema says. */
export interface KeyAbout {
  /** Of its numbers, '' if they have none. */
  readonly unit: string
  readonly description: string
}

/** The one setting of a config. @throws TypeError if it has a sweep, whose settings have to be decoded */
export const onlySetting = (config: Config): Settings => {
  if (config.sweep !== null) throw new TypeError('"settings" expected those of the sweep, got none')
  return { columns: [], all: [{ index: 0, choices: [], config, cells: {} }] }
}

/** How many settings there are. */
export const settingsIn = ({ combine, axes }: Sweep): number =>
  combine === 'zipped'
    ? (axes[0]?.values.length ?? 0)
    : axes.reduce((product, { values }) => product * values.length, 1)

const choiceOf = ({ key, values }: Sweep['axes'][number], place: number): Choice => {
  const value = values[place]
  if (value === undefined) throw new RangeError(`"place" expected one of the values of ${key}, got ${place}`)
  return { key, place, value }
}

/** The choices of the setting at a position: 0 <= index < settingsIn(sweep). */
export const choicesAt = ({ combine, axes }: Sweep, index: number): readonly Choice[] => {
  if (combine === 'zipped') return axes.map(axis => choiceOf(axis, index))
  const choices: Choice[] = []
  let rest = index
  for (const axis of [...axes].reverse()) {
    choices.unshift(choiceOf(axis, rest % axis.values.length))
    rest = Math.floor(rest / axis.values.length)
  }
  return choices
}

const shown = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** For people: `hardware.adc.bits 6, hardware.outputNoise 0.04`; nothing without a sweep. */
export const choicesText = (choices: readonly Choice[]): string =>
  choices.map(({ key, value }) => `${key} ${shown(value)}`).join(', ')

const isInt32 = (value: Json): boolean => typeof value === 'number' && value === (value | 0)

const typeOf = (values: readonly Json[]): ColumnType => {
  if (values.every(isInt32)) return 'int32'
  return values.every(value => typeof value === 'number') ? 'float64' : 'utf8'
}

const cellOf = (value: Json | undefined, type: ColumnType): Cell => {
  if (value === undefined || value === null) return null
  return type !== 'utf8' && typeof value === 'number' ? value : shown(value)
}

/** A column, and its cell for each value of the axis. */
interface AxisColumn {
  readonly column: Column
  readonly cells: readonly Cell[]
}

/**
 * The columns of an axis: one of its own, or, where all its values are objects, one for each key in them, null where a
 * value has not that key. Numbers stay numbers; whatever is mixed with words, or is a list, is text.
 */
const columnsOfValues = (
  key: string,
  values: readonly (Json | undefined)[],
  aboutKey: (key: string) => KeyAbout,
): readonly AxisColumn[] => {
  const present = values.filter(value => value !== undefined)
  if (present.every(isJsonObject)) {
    const steps = [...new Set(present.flatMap(value => Object.keys(value)))].sort()
    const under = (step: string) => values.map(value => (isJsonObject(value) ? value[step] : undefined))
    return steps.flatMap(step => columnsOfValues(`${key}.${step}`, under(step), aboutKey))
  }
  const type = typeOf(present)
  const { unit, description } = aboutKey(key)
  const column = {
    ...{ name: key, type, nullable: present.length < values.length },
    unit: type === 'utf8' ? '' : unit === '' ? '1' : unit,
    description: `varied by the sweep: ${description}`,
  }
  return [{ column, cells: values.map(value => cellOf(value, type)) }]
}

/** The columns of a sweep's axes, and the cells of each of its settings in them. */
export const sweepColumns = (
  { axes }: Sweep,
  aboutKey: (key: string) => KeyAbout,
): {
  readonly columns: readonly Column[]
  readonly cellsOf: (choices: readonly Choice[]) => Readonly<Record<string, Cell>>
} => {
  const ofAxes = axes.map(({ key, values }) => columnsOfValues(key, values, aboutKey))
  return {
    columns: ofAxes.flatMap(own => own.map(({ column }) => column)),
    cellsOf: choices =>
      Object.fromEntries(
        ofAxes.flatMap((own, axis) =>
          own.map(({ column, cells }) => [column.name, cells[choices[axis]?.place ?? NaN] ?? null] as const),
        ),
      ),
  }
}
