/**
 * Folders that shards of one experiment were computed into: found, and agreed on which experiment that is.
 * Not here: which of its units they hold (`merge.ts`).
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Shard } from '../../domain/experiment/plan.js'
import { buildInWords } from '../../domain/experiment/tensorflow.js'
import { fail } from '../../domain/problem.js'
import { failureOf } from '../../io/fault.js'
import { experimentText, readShardRecord, recordSuffix, type RecordedExperiment } from '../../io/shardRecord.js'
import { recordsFolder } from './shardRecord.js'

export interface ShardFolder {
  readonly folder: string
  /** The shards that were begun there, of the one experiment. */
  readonly shards: readonly Shard[]
}

export interface Shards {
  readonly experiment: RecordedExperiment
  readonly folders: readonly ShardFolder[]
}

/** Names in a folder, sorted; null if there is no such folder. @throws Failure (in the promise) */
const namesIn = (folder: string): Promise<readonly string[] | null> =>
  readdir(folder).then(
    names => names.sort(),
    (error: unknown) => {
      const { code } = error as NodeJS.ErrnoException // as: readdir throws nothing else
      if (code === 'ENOENT' || code === 'ENOTDIR') return null
      throw failureOf(folder, error)
    },
  )

const isShardFolder = async (folder: string): Promise<boolean> =>
  ((await namesIn(recordsFolder(folder))) ?? []).some(name => name.endsWith(recordSuffix))

/** The folder itself, or those right below it, that shards were computed into. @throws Failure (in the promise) if none is */
const foldersIn = async (given: string): Promise<readonly string[]> => {
  if (await isShardFolder(given)) return [given]
  const names = await namesIn(given)
  if (names === null) return fail(given, '', 'a folder that "ohmflow run" computed a shard into', 'no such folder')
  const below: string[] = []
  for (const name of names) if (await isShardFolder(join(given, name))) below.push(join(given, name))
  const expected =
    'a folder that "ohmflow run" computed a shard into (it has shards/ and units/), or one that holds such folders'
  return below.length > 0 ? below : fail(given, '', expected, 'neither')
}

interface Found {
  readonly experiment: RecordedExperiment
  readonly shards: readonly Shard[]
}

/** The experiments of a folder by their text. @throws Failure (in the promise) if a record is damaged or of another version */
const experimentsOf = async (folder: string): Promise<ReadonlyMap<string, Found>> => {
  const found = new Map<string, Found>()
  const records = recordsFolder(folder)
  for (const name of (await namesIn(records)) ?? []) {
    if (!name.endsWith(recordSuffix)) continue
    const { shard, experiment } = await readShardRecord(join(records, name))
    const text = experimentText(experiment)
    found.set(text, { experiment, shards: [...(found.get(text)?.shards ?? []), shard] })
  }
  return found
}

const nameOf = ({ settings }: RecordedExperiment): string => settings[0]?.config.name ?? ''

/** As the tables' metadata have it. */
const hashOf = ({ provenance }: RecordedExperiment): string =>
  provenance.find(([key]) => key === 'ohmflow:config-sha256')?.[1] ?? ''

/** What a task of the record is called in a config that it is of. */
const taskOf = ({ settings }: RecordedExperiment, place: number): string =>
  settings.flatMap(({ config, tasks }) => config.tasks.filter((_, i) => tasks[i] === place))[0]?.task ?? `${place}`

/** The first thing in which two experiments differ, named, with the value of each. */
const difference = (a: RecordedExperiment, b: RecordedExperiment): readonly [what: string, a: string, b: string] => {
  const [one, other] = [a, b].map(e => ({
    name: nameOf(e),
    'SHA-256 of the config': hashOf(e),
    ...Object.fromEntries(
      e.tasks.flatMap(({ inputs }, i) =>
        Object.entries(inputs).map(([role, hash]) => [`${taskOf(e, i)}: ${role}`, hash ?? 'none']),
      ),
    ),
    ...Object.fromEntries(Object.entries(e.files).map(([file, hash]) => [`ranges ${file}`, hash])),
    tensorflow: e.tensorflow === null ? 'none' : buildInWords(e.tensorflow),
  })) as readonly Record<string, string>[] // as: every entry is a text
  for (const [what, value] of Object.entries(one ?? {}))
    if (other?.[what] !== value) return [what, value, other?.[what] ?? 'none']
  return ['shape', 'that', 'another']
}

const named = (found: Iterable<Found>): string =>
  [...found].map(({ experiment }) => `${nameOf(experiment)} (config ${hashOf(experiment)})`).join(', ')

/**
 * Every folder once; the one experiment that all of them hold.
 * @throws Failure (in the promise) if there is none, or more than one
 */
export const openShards = async (given: readonly string[]): Promise<Shards> => {
  const folders = [...new Set((await Promise.all(given.map(foldersIn))).flat())]
  const opened: (readonly [string, ReadonlyMap<string, Found>])[] = []
  for (const folder of folders) opened.push([folder, await experimentsOf(folder)])
  const [first, ...others] = opened
  if (first === undefined) return fail('command line', 'merge', 'at least one folder', 'none')
  const shared = [...first[1]].filter(([text]) => others.every(([, found]) => found.has(text)))
  const [only, ...more] = shared
  if (more.length > 0)
    fail(first[0], 'shards', 'records of one experiment (those of the others removed)', named(shared.map(s => s[1])))
  if (only === undefined) {
    const [one] = first[1].values()
    for (const [folder, found] of others) {
      const [other] = found.values()
      if (one === undefined || other === undefined || [...found.keys()].some(text => first[1].has(text))) continue
      const [what, expected, value] = difference(one.experiment, other.experiment)
      fail(folder, what, `${expected}, as in ${first[0]}`, value)
    }
    return fail(first[0], 'shards', 'an experiment that all folders hold', named(first[1].values()))
  }
  const [text, { experiment }] = only
  return {
    experiment,
    folders: opened.map(([folder, found]) => ({ folder, shards: found.get(text)?.shards ?? [] })),
  }
}
