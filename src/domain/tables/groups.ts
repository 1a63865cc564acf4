/** Rows that agree in some of their columns, brought together. Not here: what is then made of them. */
import type { Row } from './table.js'

/**
 * Groups of rows with equal cells in `columns`; groups, and the rows in each, in the order of first appearance.
 * @param columns those whose cells are text, numbers or null
 */
export const groupsBy = <R extends Row>(
  rows: readonly R[],
  columns: readonly (keyof R & string)[],
): readonly (readonly [R, ...R[]])[] => {
  const groups = new Map<string, [R, ...R[]]>()
  for (const row of rows) {
    const key = JSON.stringify(columns.map(c => row[c]))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups.values()]
}
