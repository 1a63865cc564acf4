/** The tables of a training, written at its end; those of another training do not stay in the folder. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Provenance, Row, Table } from '../../domain/tables/table.js'
import { evaluationsTable, trainingTable } from '../../domain/tables/training.js'
import { writeAtomically, writeTextAtomically } from '../../io/atomicFile.js'
import { formats, sinks, type Format } from '../experiment/tables.js'
import type { Told } from './state.js'

export interface TaskTold extends Told {
  readonly task: string
}

const tables: readonly Table[] = [trainingTable, evaluationsTable]

const labelFile = (out: string): string => join(out, 'training.json')
const labelOf = (provenance: Provenance): string =>
  `${JSON.stringify(Object.fromEntries([...provenance].sort()), null, 2)}\n`

/** Removes the tables of another training, and of one that has no label. @returns those that were there */
export const removeOutdatedTables = async (out: string, provenance: Provenance): Promise<readonly string[]> => {
  const label = await readFile(labelFile(out), 'utf8').catch(() => null)
  if (label === labelOf(provenance)) return []
  await rm(labelFile(out), { force: true })
  const removed: string[] = []
  for (const file of tables.flatMap(t => formats.map(f => join(out, `${t.name}.${f}`))))
    await rm(file).then(
      () => removed.push(file),
      () => undefined,
    )
  return removed
}

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
  const written: string[] = []
  for (const table of tables)
    for (const format of wanted) {
      const path = join(out, `${table.name}.${format}`)
      await writeAtomically(path, async bytes => {
        const sink = sinks[format](table, provenance, bytes)
        for (const row of rowsOf(table, told)) await sink.write(row)
        await sink.close()
      })
      written.push(path)
    }
  await writeTextAtomically(labelFile(out), labelOf(provenance))
  return written
}
