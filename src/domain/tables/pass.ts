/**
 * What a pass over a chip (one method, chip, read and time) leaves behind beside its outcomes: counts of every tile and
 * factors of every column, in the order of the model. Not here: what does not change between passes (`ranges.ts`).
 */
import type { Row, Table } from './table.js'

type TileCountColumn = 'inputs' | 'clipped_inputs' | 'outputs' | 'saturated_outputs'
export type TileCountRow = Row<TileCountColumn> & Readonly<Record<TileCountColumn, number>>

const count = (name: TileCountColumn, description: string) =>
  ({ name, type: 'float64', nullable: false, unit: '1', description }) as const

export const tileCountsTable: Table<TileCountColumn> = {
  name: 'tile counts',
  columns: [
    count('inputs', 'input values'),
    count('clipped_inputs', 'inputs beyond the input range'),
    count('outputs', 'column sums'),
    count('saturated_outputs', "column sums beyond the ADC's range"),
  ],
}

export type AlphaRow = Row<'alpha'> & { readonly alpha: number }

export const alphasTable: Table<'alpha'> = {
  name: 'alphas',
  columns: [
    { name: 'alpha', type: 'float64', nullable: false, unit: '1', description: 'factor of the drift compensation' },
  ],
}
