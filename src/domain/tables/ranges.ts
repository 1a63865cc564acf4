/**
 * What is kept of a method's ranges on a task, once they are chosen: a row a tile, a row a column of every tile, both in
 * the order of the model. The tables `tiles` and `columns` are made of them. Not here: what was measured on chips (`pass.ts`).
 */
import type { Row, Table } from './table.js'

type TileRangeColumn = 'input_range' | 'clipped_weights'
export type TileRangeRow = Row<TileRangeColumn> & {
  readonly input_range: number | null
  /** How many. */
  readonly clipped_weights: number
}

export const tileRangesTable: Table<TileRangeColumn> = {
  name: 'tile ranges',
  columns: [
    {
      name: 'input_range',
      type: 'float64',
      nullable: true,
      unit: '1',
      description:
        'beta, input magnitude that stands for full scale, in the unit of the activations; null: each input vector has its own',
    },
    {
      name: 'clipped_weights',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: "weights beyond their column's full scale",
    },
  ],
}

type ColumnRangeColumn = 'full_scale' | 'gain' | 'abs_max' | 'deviation'
export type ColumnRangeRow = Row<ColumnRangeColumn> & {
  readonly full_scale: number
  readonly gain: number
  readonly abs_max: number
  readonly deviation: number
}

export const columnRangesTable: Table<ColumnRangeColumn> = {
  name: 'column ranges',
  columns: [
    {
      name: 'full_scale',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: 'weight magnitude that maps to the largest conductance, in the unit of the weights',
    },
    {
      name: 'gain',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: 'digital factor chosen with the ranges, beside that of the drift compensation; 1 by most rules',
    },
    {
      name: 'abs_max',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: "largest magnitude of the column's weights in this tile",
    },
    {
      name: 'deviation',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: "standard deviation of the column's weights in this tile",
    },
  ],
}

export type RowOrderRow = Row<'row'> & { readonly row: number }

/** Of tiles whose rows are placed, a row of the table for each of theirs; none otherwise. */
export const rowOrdersTable: Table<'row'> = {
  name: 'row orders',
  columns: [
    {
      name: 'row',
      type: 'int32',
      nullable: false,
      unit: '1',
      description: 'row of the tile at each place of its bit lines, from the far end to the ADC',
    },
  ],
}
