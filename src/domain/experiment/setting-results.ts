/** What the scores of a sweep come to, setting by setting. */
import { groupsBy } from '../tables/groups.js'
import type { ScoreRow } from '../tables/scores.js'
import type { Column, Row } from '../tables/table.js'
import { resultsOf, type Results } from './results.js'

/** A setting of a sweep: what tells it apart, and what its scores come to. */
export interface SettingResults {
  readonly cells: Row
  readonly results: Results
}

/**
 * Settings in the order of the rows.
 * @param columns what tells them apart; none without a sweep
 */
export const resultsOfSettings = (rows: readonly ScoreRow[], columns: readonly Column[]): readonly SettingResults[] => {
  const names = columns.map(c => c.name)
  const own: readonly (ScoreRow & Row)[] = rows
  return groupsBy(own, names).map(group => ({
    cells: Object.fromEntries(names.map(name => [name, group[0][name] ?? null])),
    results: resultsOf(group),
  }))
}
