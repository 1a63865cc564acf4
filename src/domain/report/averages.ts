/**
 * Weighted means of a table's cells in groups of its rows, one row after the other, so that a table of any length needs
 * no more memory than it has groups. A mean over a null that weighs anything is null: it would be of other rows than it says.
 */
import type { Row } from '../tables/table.js'

/** What is averaged, and by what it is weighted: the name of a column, or 1 a row. */
export type Averaged<C extends string> = Readonly<Record<string, readonly [value: C, weight: C | null]>>

export interface Average<R, K extends keyof R> {
  readonly group: Pick<R, K>
  readonly rows: number
  readonly means: Readonly<Record<string, number | null>>
}

export interface Averages<R, K extends keyof R> {
  readonly add: (rows: readonly R[]) => void
  /** Groups in the order of their first rows. */
  readonly all: () => readonly Average<R, K>[]
}

interface Sum {
  value: number
  weight: number
}

export const averages = <R extends Row, K extends keyof R & string>(
  by: readonly K[],
  of: Averaged<keyof R & string>,
): Averages<R, K> => {
  const groups = new Map<string, { first: R; rows: number; sums: Map<string, Sum> }>()
  const add = (row: R): void => {
    const key = JSON.stringify(by.map(k => row[k]))
    const group = groups.get(key) ?? { first: row, rows: 0, sums: new Map<string, Sum>() }
    groups.set(key, group)
    group.rows += 1
    for (const [name, [value, weight]] of Object.entries(of)) {
      const sum = group.sums.get(name) ?? { value: 0, weight: 0 }
      group.sums.set(name, sum)
      const [cell, own] = [row[value], weight === null ? 1 : row[weight]]
      if (own === 0) continue
      sum.value += typeof own === 'number' && typeof cell === 'number' ? own * cell : NaN
      sum.weight += typeof own === 'number' ? own : NaN
    }
  }
  return {
    add: rows => rows.forEach(add),
    all: () =>
      [...groups.values()].map(({ first, rows, sums }) => ({
        group: Object.fromEntries(by.map(k => [k, first[k]])) as Pick<R, K>, // as: the keys are those of by
        rows,
        means: Object.fromEntries(
          [...sums].map(([name, s]) => [name, Number.isFinite(s.value / s.weight) ? s.value / s.weight : null]),
        ),
      })),
  }
}
