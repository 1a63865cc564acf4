/** The `scores` table: one row per task, method, repetition and metric. */
import type { Row, Table } from './table.js'

type ScoreColumn = 'task' | 'method' | 'chip' | 'read' | 'time_seconds' | 'metric' | 'value' | 'agreement' | 'examples'

export interface ScoreRow extends Row<ScoreColumn> {
  readonly task: string
  readonly method: string
  readonly chip: number | null
  readonly read: number | null
  readonly time_seconds: number | null
  readonly metric: string
  readonly value: number
  readonly agreement: number | null
  readonly examples: number
}

export const scoresTable: Table<ScoreColumn> = {
  name: 'scores',
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
