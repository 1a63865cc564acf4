/** Settings of a sweep as people read them, in a terminal as on a page. */
import type { Cell, Column, Row } from '../tables/table.js'
import { absent, type Shown } from './cells.js'

export const settingCell = (cell: Cell | undefined): string =>
  cell === null || cell === undefined ? absent : String(cell)

/** `hardware.adc.bits 6, hardware.outputNoise 0.04`; nothing without a sweep. */
export const settingText = (columns: readonly Column[], row: Row): string =>
  columns.map(({ name }) => `${name} ${settingCell(row[name])}`).join(', ')

/** Columns that say which setting a row is of. */
export const settingColumns = (columns: readonly Column[]): readonly Shown<Row>[] =>
  columns.map(({ name }) => ({ head: name, cell: row => settingCell(row[name]) }))
