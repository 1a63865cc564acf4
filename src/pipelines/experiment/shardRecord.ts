/** The record of a shard: from an experiment made ready, and back to as much of one as its tables are made of. */
import { join } from 'node:path'
import { resultsRevision, type Shard } from '../../domain/experiment/plan.js'
import { tasks as glueTasks } from '../../domain/tasks/task.js'
import { version } from '../../domain/version.js'
import { removeLeftovers } from '../../io/atomicFile.js'
import { recordFile, writeRecordFile, type RecordedExperiment } from '../../io/shardRecord.js'
import { namedFiles } from '../savedRanges.js'
import { layOut, type Laid, type TaskFacts } from './workspace.js'

/** Where the records of a folder lie. */
export const recordsFolder = (out: string): string => join(out, 'shards')

const recordedOf = ({ config, provenance, tensorflow, files, tasks }: Laid): RecordedExperiment => ({
  ...{ version, revision: resultsRevision, provenance: [...provenance], config, tensorflow },
  files: Object.fromEntries(namedFiles(config).map(({ written, resolved }) => [written, files.get(resolved) ?? ''])),
  tasks: tasks.map(({ inputs, dataset: { labelled }, checkpoint: { architecture } }) => ({
    ...{ inputs, labelled, architecture },
  })),
})

/** @throws Failure (in the promise) if it cannot be written */
export const writeShardRecord = async (workspace: Laid, shard: Shard): Promise<void> => {
  const folder = recordsFolder(workspace.out)
  await removeLeftovers(folder)
  const { name, text } = recordFile({ shard, experiment: recordedOf(workspace) })
  await writeRecordFile(join(folder, name), text)
}

/** The experiment of a record, its units and tables in `out`. @throws RangeError if the record lacks a task or a file */
export const layOutRecorded = (recorded: RecordedExperiment, out: string): Laid => {
  const { config, tensorflow, provenance } = recorded
  if (recorded.tasks.length !== config.tasks.length)
    throw new RangeError(`"tasks" expected ${config.tasks.length} of them, got ${recorded.tasks.length}`)
  const tasks = config.tasks.flatMap((source, i): readonly TaskFacts[] => {
    const known = recorded.tasks[i]
    if (known === undefined) return []
    const { inputs, labelled, architecture } = known
    return [{ source, task: glueTasks[source.task], inputs, dataset: { labelled }, checkpoint: { architecture } }]
  })
  return layOut({
    ...{ config, out, tasks, tensorflow, provenance: new Map(provenance) },
    files: new Map(namedFiles(config).map(({ written, resolved }) => [resolved, recorded.files[written] ?? ''])),
  })
}
