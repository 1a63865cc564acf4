/** The `predictions` table: one row per example of every unit of work. */
import { repetitionColumns, type Repetition, type RepetitionColumn } from './repetition.js'
import type { Row, Table } from './table.js'

type PredictionColumn = RepetitionColumn | OutcomeColumn

export type PredictionRow = Row<PredictionColumn> &
  Repetition & {
    readonly example: number
    readonly label: number | null
    readonly prediction: number
    readonly logits: Float32Array
  }

export const predictionsTable: Table<PredictionColumn> = {
  name: 'predictions',
  columns: [
    ...repetitionColumns,
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
