/** The sweep that tables are of, and the setting of it that a report shows in full. Not here: what it shows. */
import { each } from '../../domain/experiment/results.js'
import { nearest } from '../../domain/spelling.js'
import { fail } from '../../domain/problem.js'
import { settingCell } from '../../domain/report/settings.js'
import { scoresTable } from '../../domain/tables/scores.js'
import type { Column, Row } from '../../domain/tables/table.js'
import { schemaWithoutSweep } from '../../io/config/experiment.js'
import { isKeyOf } from '../../io/config/sweep.js'
import { columnsOf } from '../../io/tables/read.js'

/**
 * The columns in front of the scores, as far as all are keys of a config; else none, and reading the table refuses it.
 * @param file the scores
 */
export const sweptColumns = async (file: string): Promise<readonly Column[]> => {
  const isKey = isKeyOf(schemaWithoutSweep())
  const found = await columnsOf(file)
  const place = found.findIndex(c => c.name === scoresTable.columns[0]?.name)
  const front = place < 0 ? found : found.slice(0, place)
  return front.every(({ name, type }) => isKey(name) && type !== 'float32 list') ? front : []
}

/** `KEY=VALUE` of a command line, decoded. */
export interface Where {
  readonly key: string
  /** As tables and pages show it; "-" is what does not apply. */
  readonly value: string
}

const refuse = (expected: string, found: string): never => fail('command line', '--where', expected, found)

const some = (values: readonly string[]): string =>
  `${values.slice(0, 20).join(', ')}${values.length > 20 ? ', ...' : ''}`

const checked = ({ key, value }: Where, columns: readonly Column[], settings: readonly Row[]): void => {
  const names = columns.map(c => c.name)
  if (!names.includes(key)) {
    const meant = nearest(key, names)
    refuse(`a key of the sweep (${names.join(', ')})`, `"${key}"${meant === null ? '' : ` (did you mean "${meant}"?)`}`)
  }
  const values = each(settings.map(row => settingCell(row[key])))
  if (!values.includes(value)) refuse(`one of the values of ${key}: ${some(values)}`, `"${value}"`)
}

/**
 * The first setting that has these values; the first of all without any.
 * @throws Failure for what is no key or value of the sweep, or values that no setting has together
 */
export const chosenSetting = <S extends { readonly cells: Row }>(
  columns: readonly Column[],
  settings: readonly S[],
  wheres: readonly Where[],
): S | undefined => {
  if (wheres.length > 0 && columns.length === 0)
    refuse('it left out: these tables are of one setting', 'a key and value')
  for (const where of wheres) checked(where, columns, settings.map(s => s.cells)) // prettier-ignore
  const fits = ({ cells }: S): boolean => wheres.every(({ key, value }) => settingCell(cells[key]) === value)
  const found = settings.find(fits)
  if (found === undefined && wheres.length > 0)
    refuse('values that a setting has together', wheres.map(({ key, value }) => `${key}=${value}`).join(' '))
  return found
}
