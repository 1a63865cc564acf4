/** The tables of a training, written at its end; those of another training do not stay in the folder. */
import type { Provenance, Row, Table } from '../../domain/tables/table.js'
import { evaluationsTable, trainingTable } from '../../domain/tables/training.js'
import { fileIn, formats, sinkIn, type Format } from '../experiment/tables.js'
import { tableWriter, type TablePlace } from '../tableFiles.js'
import type { Told } from './state.js'

export interface TaskTold extends Told {
  readonly task: string
}

const tables: readonly Table[] = [trainingTable, evaluationsTable]

export const tablePlace = (out: string, provenance: Provenance): TablePlace => ({
  ...{ out, provenance, list: 'training.json' },
  files: tables.flatMap(({ name }) => formats.map(format => fileIn(format, name))),
})

const rowsOf = function* (table: Table, told: readonly TaskTold[]): Generator<Row> {
  for (const { task, steps, evaluations } of told)
    if (table === trainingTable) for (const row of steps) yield { task, ...row }
    else yield* evaluations
}

/** @returns the files written */
export const writeTrainingTables = async (
  out: string,
  provenance: Provenance,
  told: readonly TaskTold[],
  wanted: readonly Format[],
): Promise<readonly string[]> => {
  const writer = tableWriter(tablePlace(out, provenance))
  const written: string[] = []
  for (const table of tables)
    for (const format of wanted) {
      const sinkOf = await sinkIn(format)
      written.push(
        await writer.write(fileIn(format, table.name), async bytes => {
          const sink = sinkOf(table, provenance, bytes)
          for (const row of rowsOf(table, told)) await sink.write(row)
          await sink.close()
        }),
      )
    }
  return written
}
