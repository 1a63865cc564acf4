/**
 * The tables of a training: `training`, one row per step, and `evaluations`, one row per epoch, method, repetition and
 * metric. Not here: how fast it went (run.json), the weights.
 */
import { repetitionColumns, type Repetition, type RepetitionColumn } from './repetition.js'
import type { Column, Row, Table } from './table.js'

const taskColumn: Column<'task'> = { name: 'task', type: 'utf8', nullable: false, unit: '', description: 'GLUE task' }
const epochColumn: Column<'epoch'> = {
  name: 'epoch',
  type: 'int32',
  nullable: false,
  unit: '1',
  description: 'pass over the training set, from 1',
}
const stepColumn: Column<'step'> = {
  name: 'step',
  type: 'int32',
  nullable: false,
  unit: '1',
  description: 'step of the optimiser, from 1, over all epochs',
}

type StepColumn = 'step' | 'epoch' | 'loss' | 'learning_rate' | 'gradient_norm' | 'examples' | 'tokens'
export type StepRow = Row<StepColumn> & Readonly<Record<StepColumn, number>>

const stepColumns: readonly Column<StepColumn>[] = [
  stepColumn,
  epochColumn,
  { name: 'loss', type: 'float64', nullable: false, unit: '1', description: 'mean over the examples of the step' },
  { name: 'learning_rate', type: 'float64', nullable: false, unit: '1', description: 'learning rate of the step' },
  {
    name: 'gradient_norm',
    type: 'float64',
    nullable: false,
    unit: '1',
    description: 'Euclidean norm of the gradient of all tensors, before it is clipped',
  },
  { name: 'examples', type: 'int32', nullable: false, unit: '1', description: 'examples of the step' },
  { name: 'tokens', type: 'int32', nullable: false, unit: '1', description: 'tokens of the step' },
]

/** What is kept of a task's steps. */
export const stepsTable: Table<StepColumn> = { name: 'steps', columns: stepColumns }

export const trainingTable: Table<'task' | StepColumn> = { name: 'training', columns: [taskColumn, ...stepColumns] }

type EvaluationColumn = RepetitionColumn | 'epoch' | 'step' | 'metric' | 'value' | 'examples'

export type EvaluationRow = Row<EvaluationColumn> &
  Repetition & {
    readonly epoch: number
    readonly step: number
    readonly metric: string
    readonly value: number
    readonly examples: number
  }

export const evaluationsTable: Table<EvaluationColumn> = {
  name: 'evaluations',
  columns: [
    ...repetitionColumns.slice(0, 1),
    { ...epochColumn, description: 'epochs that are finished; 0: the starting model' },
    { ...stepColumn, description: 'steps that are finished, over all epochs' },
    ...repetitionColumns.slice(1),
    { name: 'metric', type: 'utf8', nullable: false, unit: '', description: 'metric, as GLUE defines it' },
    { name: 'value', type: 'float64', nullable: false, unit: '1', description: 'value of the metric' },
    { name: 'examples', type: 'int32', nullable: false, unit: '1', description: 'examples scored' },
  ],
}
