/**
 * What a row is about, in every table of results: a task, a method, and which of the method's repetitions.
 * Not here: what was found (`scores.ts`, `predictions.ts`).
 */
import type { Column } from './table.js'

export type RepetitionColumn = 'task' | 'method' | 'chip' | 'read' | 'time_seconds'

/** An alias, not an interface: rows must stay assignable to records of cells. */
export type Repetition = {
  readonly task: string
  readonly method: string
  readonly chip: number | null
  readonly read: number | null
  readonly time_seconds: number | null
}

/** First in each table, in this order. */
export const repetitionColumns: readonly Column<RepetitionColumn>[] = [
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
]
