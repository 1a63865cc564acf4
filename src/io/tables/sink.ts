/** Where the rows of a table go. Rows are gathered into groups of fixed size, so that bytes do not depend on how they arrive. */
import type { Row } from '../../domain/tables/table.js'

export interface TableSink<Name extends string> {
  /** Resolves when the row is taken; a full group is written before it does. */
  readonly write: (row: Row<Name>) => Promise<void>
  /** Writes what is left and the footer. The file it writes to is closed by whoever opened it. */
  readonly close: () => Promise<void>
}

/** Gathers `size` rows, then hands them on; the last group may be smaller. */
export const grouped = <Name extends string>(
  size: number,
  writeGroup: (rows: readonly Row<Name>[]) => Promise<void>,
  finish: () => Promise<void>,
): TableSink<Name> => {
  let rows: Row<Name>[] = []
  const flush = async (): Promise<void> => {
    const group = rows
    rows = []
    await writeGroup(group)
  }
  return {
    write: async row => {
      rows.push(row)
      if (rows.length >= size) await flush()
    },
    close: async () => {
      if (rows.length > 0) await flush()
      await finish()
    },
  }
}
