/**
 * What is kept of a method's ranges on a task, once they are chosen: a row a tile, a row a column of every tile, both in
 * the order of the model. The tables `tiles` and `columns` are made of them. Not here: what was measured on chips (`pass.ts`).
 */
import type { Column, Row, Table } from './table.js'

type ExpectedColumn = 'expected_error' | 'expected_error_start'

/** What the search for optimal ranges expects of a tile; null where nothing was searched for. */
export const expectedColumns: readonly Column<ExpectedColumn>[] = [
  {
    name: 'expected_error',
    type: 'float64',
    nullable: true,
    unit: '1',
    description:
      'the tile\'s share of the expected mean squared change of the logits\' differences, per calibration example; with an objective of weights "none", its expected squared output errors, summed over tokens and columns, per calibration example; null by rules that minimise nothing',
  },
  {
    name: 'expected_error_start',
    type: 'float64',
    nullable: true,
    unit: '1',
    description: 'the same with the ranges that the search started from',
  },
]

type TileRangeColumn = 'input_range' | 'clipped_weights' | 'clipped_inputs' | ExpectedColumn
export type TileRangeRow = Row<TileRangeColumn> & {
  readonly input_range: number | null
  /** How many. */
  readonly clipped_weights: number
  /** Share of the calibration inputs. */
  readonly clipped_inputs: number | null
  readonly expected_error: number | null
  readonly expected_error_start: number | null
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
        'beta, input magnitude that stands for full scale, in the unit of the activations (over their factors where rows are scaled); null: each input vector has its own',
    },
    {
      name: 'clipped_weights',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: "weights beyond their column's full scale",
    },
    {
      name: 'clipped_inputs',
      type: 'float64',
      nullable: true,
      unit: '1',
      description:
        'share of the calibration inputs beyond the input range, to 1 in 512 of it; null if there are none, or rows are scaled',
    },
    ...expectedColumns,
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
      description:
        'weight magnitude that maps to the largest conductance, in the unit of the weights (times their factors where rows are scaled)',
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
      description: "largest magnitude of the column's weights in this tile, times their factors where rows are scaled",
    },
    {
      name: 'deviation',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: "standard deviation of the column's weights in this tile, times their factors where rows are scaled",
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

/** Of a spare column or row. */
export type SpareRow = Row<'tile' | 'owner'> & { readonly tile: number; readonly owner: number }

/** A row for each spare column in use, in the order of the tiles. */
export const spareColumnsTable: Table<'tile' | 'owner'> = {
  name: 'spare columns',
  columns: [
    { name: 'tile', type: 'int32', nullable: false, unit: '1', description: 'position of the tile in the model' },
    {
      name: 'owner',
      type: 'int32',
      nullable: false,
      unit: '1',
      description: 'column of the tile that it is a copy of',
    },
  ],
}

/** A row for each spare row in use, in the order of the tiles; of methods that fill rows. */
export const spareRowsTable: Table<'tile' | 'owner'> = {
  name: 'spare rows',
  columns: [
    { name: 'tile', type: 'int32', nullable: false, unit: '1', description: 'position of the tile in the model' },
    { name: 'owner', type: 'int32', nullable: false, unit: '1', description: 'row of the tile that it is a copy of' },
  ],
}

export type RowScaleRow = Row<'scale'> & { readonly scale: number }

/** Of tiles whose rows are scaled, a row of the table for each of theirs; of methods that may scale rows. */
export const rowScalesTable: Table<'scale'> = {
  name: 'row scales',
  columns: [
    {
      name: 'scale',
      type: 'float64',
      nullable: false,
      unit: '1',
      description:
        "what the row's inputs are divided by before the DAC, and its weights multiplied by; 1 on every row of a tile whose rows are not scaled",
    },
  ],
}
