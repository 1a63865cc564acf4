/**
 * The `tiles` table: one row per crossbar tile of every analog method: where it lies, what its converters cover and
 * how much they cut off. Not here: its columns (`columns.ts`), what the cutting costs (`errors.ts`).
 */
import { expectedColumns } from './ranges.js'
import {
  placeColumns,
  subjectColumns,
  type Place,
  type PlaceColumn,
  type Subject,
  type SubjectColumn,
} from './subject.js'
import type { Row, Table } from './table.js'

type TileColumn =
  | SubjectColumn
  | PlaceColumn
  | 'first_row'
  | 'rows'
  | 'first_column'
  | 'columns'
  | 'spare_rows'
  | 'spare_columns'
  | 'utilisation'
  | 'input_range'
  | 'row_scale_least'
  | 'row_scale_greatest'
  | 'weights'
  | 'clipped_weights'
  | 'inputs'
  | 'clipped_inputs'
  | 'outputs'
  | 'saturated_outputs'
  | 'expected_error'
  | 'expected_error_start'

export type TileRow = Row<TileColumn> &
  Subject &
  Place & {
    readonly first_row: number
    readonly rows: number
    readonly first_column: number
    readonly columns: number
    readonly spare_rows: number
    readonly spare_columns: number
    readonly utilisation: number
    readonly input_range: number | null
    readonly row_scale_least: number
    readonly row_scale_greatest: number
    readonly weights: number
    readonly clipped_weights: number
    readonly inputs: number
    readonly clipped_inputs: number | null
    readonly outputs: number
    readonly saturated_outputs: number | null
    readonly expected_error: number | null
    readonly expected_error_start: number | null
  }

/** Counts of inputs and outputs are float64: they pass 2^31 on a large data set, and are exact up to 2^53. */
export const tilesTable: Table<TileColumn> = {
  name: 'tiles',
  columns: [
    ...subjectColumns,
    ...placeColumns,
    {
      name: 'first_row',
      type: 'int32',
      nullable: false,
      unit: '1',
      description: "zero-based index of its first row among the layer's inputs",
    },
    { name: 'rows', type: 'int32', nullable: false, unit: '1', description: 'rows (inputs) used' },
    {
      name: 'first_column',
      type: 'int32',
      nullable: false,
      unit: '1',
      description: "zero-based index of its first column among the layer's outputs",
    },
    { name: 'columns', type: 'int32', nullable: false, unit: '1', description: 'columns (outputs) used' },
    {
      name: 'spare_rows',
      type: 'int32',
      nullable: false,
      unit: '1',
      description: 'idle rows that hold copies of rows',
    },
    {
      name: 'spare_columns',
      type: 'int32',
      nullable: false,
      unit: '1',
      description: 'idle columns that hold copies of columns',
    },
    {
      name: 'utilisation',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: "share of the hardware tile's cross-points that hold a weight, or a copy of one",
    },
    {
      name: 'input_range',
      type: 'float64',
      nullable: true,
      unit: '1',
      description:
        'beta, input magnitude that stands for full scale and that the DAC does not exceed, in the unit of the activations (over their factors where rows are scaled); null if it has no fixed one (dynamic range)',
    },
    {
      name: 'row_scale_least',
      type: 'float64',
      nullable: false,
      unit: '1',
      description:
        'least of the factors that inputs are divided by before the DAC, and weights of their row multiplied by',
    },
    {
      name: 'row_scale_greatest',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: 'greatest of the same; both are 1 where rows are not scaled',
    },
    { name: 'weights', type: 'int32', nullable: false, unit: '1', description: 'weights on the tile' },
    {
      name: 'clipped_weights',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: "share of the weights beyond their column's full scale",
    },
    { name: 'inputs', type: 'float64', nullable: false, unit: '1', description: 'input values counted' },
    {
      name: 'clipped_inputs',
      type: 'float64',
      nullable: true,
      unit: '1',
      description: 'share of the inputs counted beyond the input range; null if none was counted or the DAC is ideal',
    },
    { name: 'outputs', type: 'float64', nullable: false, unit: '1', description: 'column sums counted' },
    {
      name: 'saturated_outputs',
      type: 'float64',
      nullable: true,
      unit: '1',
      description:
        "share of the column sums counted beyond the ADC's range; null if none was counted or the ADC is ideal",
    },
    ...expectedColumns,
  ],
}
