/**
 * The `columns` table: one row per column of every tile and per time of every analog method: its full scale, its
 * weights' magnitudes, and the factor that compensates its drift. Not here: the offset of the affine compensation.
 */
import { columnRangesTable } from './ranges.js'
import {
  placeColumns,
  subjectColumns,
  type Place,
  type PlaceColumn,
  type Subject,
  type SubjectColumn,
} from './subject.js'
import type { Row, Table } from './table.js'

type ColumnColumn =
  SubjectColumn | PlaceColumn | 'column' | 'full_scale' | 'gain' | 'abs_max' | 'deviation' | 'time_seconds' | 'alpha'

export type ColumnRow = Row<ColumnColumn> &
  Subject &
  Place & {
    readonly column: number
    readonly full_scale: number
    readonly gain: number
    readonly abs_max: number
    readonly deviation: number
    readonly time_seconds: number
    readonly alpha: number
  }

export const columnsTable: Table<ColumnColumn> = {
  name: 'columns',
  columns: [
    ...subjectColumns,
    ...placeColumns,
    {
      name: 'column',
      type: 'int32',
      nullable: false,
      unit: '1',
      description: "zero-based index of the column among the layer's outputs",
    },
    ...columnRangesTable.columns,
    { name: 'time_seconds', type: 'float64', nullable: false, unit: 's', description: 'time since programming' },
    {
      name: 'alpha',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: 'factor of the drift compensation at that time, mean over chips and reads; 1 without compensation',
    },
  ],
}
