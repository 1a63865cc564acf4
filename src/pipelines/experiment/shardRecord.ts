/** The record of a shard: from an experiment made ready, and back to as much of one as its tables are made of. */
import { join } from 'node:path'
import { resultsRevision, type Shard } from '../../domain/experiment/plan.js'
import type { TaskSource } from '../../domain/experiment/config.js'
import type { Setting } from '../../domain/experiment/sweep.js'
import { tasks as glueTasks } from '../../domain/tasks/task.js'
import { version } from '../../domain/version.js'
import { removeLeftovers } from '../../io/atomicFile.js'
import { recordFile, writeRecordFile, type RecordedExperiment } from '../../io/shardRecord.js'
import { namedFiles } from '../savedRanges.js'
import { layOut, type Laid, type TaskFacts } from './workspace.js'

/** Where the records of a folder lie. */
export const recordsFolder = (out: string): string => join(out, 'shards')

/** The files of ranges that any setting's methods name. */
const allFiles = (settings: readonly Pick<Setting, 'config'>[]) => settings.flatMap(({ config }) => namedFiles(config))

const recordedOf = ({ settings, settingColumns, provenance, tensorflow, files, tasks }: Laid): RecordedExperiment => ({
  ...{ version, revision: resultsRevision, provenance: [...provenance], columns: settingColumns, tensorflow },
  settings: settings.map(({ choices, cells, config, tasks: own }) => ({
    ...{ choices, cells, config },
    tasks: own.map(task => tasks.indexOf(task)),
  })),
  files: Object.fromEntries(allFiles(settings).map(({ written, resolved }) => [written, files.get(resolved) ?? ''])),
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

/** The experiment of a record, its units and tables in `out`. @throws RangeError if the record lacks a task or a setting */
export const layOutRecorded = (recorded: RecordedExperiment, out: string): Laid => {
  const { tensorflow, provenance, columns } = recorded
  // Tasks that settings share are one.
  const known = new Map<number, TaskFacts>()
  const factsOf = (source: TaskSource, place: number): TaskFacts => {
    const facts = recorded.tasks[place]
    if (facts === undefined) throw new RangeError(`"tasks" expected more than ${place} of them`)
    const { inputs, labelled, architecture } = facts
    const task = glueTasks[source.task]
    const found = known.get(place) ?? { source, task, inputs, dataset: { labelled }, checkpoint: { architecture } }
    known.set(place, found)
    return found
  }
  const settings = recorded.settings.map(({ config, tasks, ...own }, index) => ({
    ...{ ...own, index, config },
    tasks: config.tasks.map((source, i) => factsOf(source, tasks[i] ?? NaN)),
  }))
  const [first] = settings
  if (first === undefined) throw new RangeError('"settings" expected one at least, got none')
  return layOut({
    ...{ config: first.config, settings, settingColumns: columns, out, tensorflow, provenance: new Map(provenance) },
    tasks: recorded.tasks.flatMap((_, place) => known.get(place) ?? []),
    files: new Map(allFiles(settings).map(({ written, resolved }) => [resolved, recorded.files[written] ?? ''])),
  })
}
