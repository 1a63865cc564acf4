/** The `predictions` table: one row per example of every unit of work. */
import type { Row, Table } from './table.js'

type PredictionColumn =
  'task' | 'method' | 'chip' | 'read' | 'time_seconds' | 'example' | 'label' | 'prediction' | 'logits'

export interface PredictionRow extends Row<PredictionColumn> {
  readonly task: string
  readonly method: string
  readonly chip: number | null
  readonly read: number | null
  readonly time_seconds: number | null
  readonly example: number
  readonly label: number | null
  readonly prediction: number
  readonly logits: Float32Array
}

export const predictionsTable: Table<PredictionColumn> = {
  name: 'predictions',
  columns: [
    { name: 'task', type: 'utf8', nullable: false, unit: '', description: 'GLUE task' },
    { name: 'method', type: 'utf8', nullable: false, unit: '', description: 'method, as named in the config' },
    { name: 'chip', type: 'int32', nullable: true, unit: '1', description: 'programmed chip; null for digital' },
    { name: 'read', type: 'int32', nullable: true, unit: '1', description: 'read of that chip; null for digital' },
    {
      name: 'time_seconds',
      type: 'float64',
      nullable: true,
      unit: 's',
      description: 'time since programming; null for digital',
    },
    { name: 'example', type: 'int32', nullable: false, unit: '1', description: 'zero-based position in the split' },
    {
      name: 'label',
      type: 'float64',
      nullable: true,
      unit: '1',
      description: 'class index, or the score of a regression task; null if unlabelled',
    },
    { name: 'prediction', type: 'float64', nullable: false, unit: '1', description: 'predicted class or score' },
    {
      name: 'logits',
      type: 'float32 list',
      nullable: false,
      unit: '1',
      description: "the model's outputs in the order of the task's labels",
    },
  ],
}

/** What a finished unit keeps of one example; the rest of the row is the unit's own. */
export type OutcomeColumn = 'example' | 'label' | 'prediction' | 'logits'
export type Outcome = Pick<PredictionRow, OutcomeColumn>

const outcomeColumns: ReadonlySet<string> = new Set<OutcomeColumn>(['example', 'label', 'prediction', 'logits'])

/** The columns of `predictions` that a unit file holds. */
export const outcomesTable: Table<OutcomeColumn> = {
  name: 'outcomes',
  columns: predictionsTable.columns.filter((c): c is typeof c & { name: OutcomeColumn } => outcomeColumns.has(c.name)),
}
