/** Scores made up for tests: a few words where a run writes thousands of rows. */
import type { ScoreRow } from '../../../src/domain/tables/scores.js'

const common = { task: 'sst2', metric: 'accuracy', agreement: null, examples: 100 }

export const digital = (value: number, more: Partial<ScoreRow> = {}): ScoreRow => ({
  ...common,
  method: 'digital',
  chip: null,
  read: null,
  time_seconds: null,
  value,
  ...more,
})

/** Rows of a method from the values of each chip's reads. */
export const analog = (
  method: string,
  chips: readonly (readonly number[])[],
  more: Partial<ScoreRow> = {},
): readonly ScoreRow[] =>
  chips.flatMap((reads, chip) =>
    reads.map((value, read) => ({ ...common, method, chip, read, time_seconds: 3600, value, ...more })),
  )
