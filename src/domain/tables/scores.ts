/** The `scores` table: one row per task, method, repetition and metric. */
import { repetitionColumns, type Repetition, type RepetitionColumn } from './repetition.js'
import type { Row, Table } from './table.js'

type ScoreColumn = RepetitionColumn | 'metric' | 'value' | 'agreement' | 'examples'

export type ScoreRow = Row<ScoreColumn> &
  Repetition & {
    readonly metric: string
    readonly value: number
    readonly agreement: number | null
    readonly examples: number
  }

export const scoresTable: Table<ScoreColumn> = {
  name: 'scores',
  columns: [
    ...repetitionColumns,
    { name: 'metric', type: 'utf8', nullable: false, unit: '', description: 'metric, as GLUE defines it' },
    { name: 'value', type: 'float64', nullable: false, unit: '1', description: 'value of the metric' },
    {
      name: 'agreement',
      type: 'float64',
      nullable: true,
      unit: '1',
      description: 'share of predictions equal to the digital ones; null without a digital method or for regression',
    },
    { name: 'examples', type: 'int32', nullable: false, unit: '1', description: 'examples scored' },
  ],
}
