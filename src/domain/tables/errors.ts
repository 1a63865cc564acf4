/**
 * The `errors` table: one row per layer, time and noise source of every analog method: how far the layer's output is
 * from the exact one if that source acts alone, beside the method's ranges, which the source `ranges` shows by themselves.
 * What a readout adds is amplified by the drift compensation of the whole chip at that time. Not here: what the error does to a score (`scores.ts`).
 */
import { layerColumn, subjectColumns, type Subject, type SubjectColumn } from './subject.js'
import type { Row, Table } from './table.js'

/** What can be wrong about a layer's output; `all` is everything at once. */
export const errorSources = [
  ...(['ranges', 'programming', 'drift', 'read'] as const),
  ...(['dac', 'adc', 'output noise', 'ir drop', 'all'] as const),
] as const
export type ErrorSource = (typeof errorSources)[number]

type ErrorColumn = SubjectColumn | 'time_seconds' | 'layer' | 'source' | 'error' | 'predicted' | 'tokens'

export type ErrorRow = Row<ErrorColumn> &
  Subject & {
    readonly time_seconds: number
    readonly layer: string
    readonly source: ErrorSource
    readonly error: number
    readonly predicted: number | null
    readonly tokens: number
  }

export const errorsTable: Table<ErrorColumn> = {
  name: 'errors',
  columns: [
    ...subjectColumns,
    { name: 'time_seconds', type: 'float64', nullable: false, unit: 's', description: 'time since programming' },
    layerColumn,
    {
      name: 'source',
      type: 'utf8',
      nullable: false,
      unit: '',
      description: `what acts beside the ranges: ${errorSources.slice(1, -1).join(', ')}; nothing (ranges: weights clipped, gains); or all of them together`,
    },
    {
      name: 'error',
      type: 'float64',
      nullable: false,
      unit: '1',
      description: "measured relative L2 error of the layer's output on calibration inputs",
    },
    {
      name: 'predicted',
      type: 'float64',
      nullable: true,
      unit: '1',
      description: "the same error from the devices' moments; null if there is no formula for it",
    },
    {
      name: 'tokens',
      type: 'int32',
      nullable: false,
      unit: '1',
      description: 'rows of calibration inputs it was measured on',
    },
  ],
}
