/** Whole tables, for others to spoil. */
import type { Row, Table } from '../../src/domain/tables/table.js'
import { version } from '../../src/domain/version.js'
import { sinkIn, type Format } from '../../src/pipelines/experiment/tables.js'

export const written = async <Name extends string>(
  format: Format,
  table: Table<Name>,
  rows: Iterable<Row<Name>>,
): Promise<Uint8Array> => {
  const parts: Uint8Array[] = []
  const write = (bytes: Uint8Array): Promise<void> => Promise.resolve(void parts.push(Uint8Array.from(bytes)))
  const sink = (await sinkIn(format))(table, new Map([['ohmflow:version', version]]), { write })
  for (const row of rows) await sink.write(row)
  await sink.close()
  return new Uint8Array(Buffer.concat(parts))
}
