/**
 * What a row is about, in every table of results: a task, a method, and which of the method's repetitions.
 * Not here: what was found (`scores.ts`, `predictions.ts`).
 */
import { subjectColumns, type Subject, type SubjectColumn } from './subject.js'
import type { Column } from './table.js'

export type RepetitionColumn = SubjectColumn | 'chip' | 'read' | 'time_seconds'

/** An alias, not an interface: rows must stay assignable to records of cells. */
export type Repetition = Subject & {
  readonly chip: number | null
  readonly read: number | null
  readonly time_seconds: number | null
}

/** First in each table, in this order. */
export const repetitionColumns: readonly Column<RepetitionColumn>[] = [
  ...subjectColumns,
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
