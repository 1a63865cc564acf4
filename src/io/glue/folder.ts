/**
 * Which files of a folder hold a split: official TSVs or Hugging Face Parquet shards, in the task's own folder or one above.
 * Not modelled: compressed TSVs, the hub's older layouts, datasets that are not GLUE.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure, fail, problem } from '../../domain/problem.js'
import { splits, type Split, type Task } from '../../domain/tasks/task.js'
import { failureOf } from '../fault.js'

/** The files of one split, in the order of their rows. */
export interface SplitFiles {
  readonly kind: 'tsv' | 'parquet'
  readonly files: readonly string[]
}

/** A folder of files of one kind. */
interface Place {
  readonly kind: 'tsv' | 'parquet'
  readonly folder: string
  /** Names of the files of this kind, sorted. */
  readonly names: readonly string[]
}

const namesIn = async (folder: string): Promise<readonly string[]> =>
  readdir(folder).catch((error: unknown) => {
    throw failureOf(folder, error, 'a folder of GLUE data')
  })

const isFolder = async (path: string): Promise<boolean> =>
  stat(path).then(
    found => found.isDirectory(),
    () => false,
  )

const placesIn = async (folder: string): Promise<readonly Place[]> => {
  const names = [...(await namesIn(folder))].sort()
  return (['tsv', 'parquet'] as const)
    .map(kind => ({ kind, folder, names: names.filter(name => name.endsWith(`.${kind}`)) }))
    .filter(place => place.names.length > 0)
}

/** The one place below `folder` that holds the task. @throws Failure if there is none or more than one. */
const placeOf = async (task: Task, folder: string): Promise<Place> => {
  const names = await namesIn(folder)
  const below: string[] = []
  for (const name of new Set([task.folder, task.parquet.config]))
    if (names.includes(name) && (await isFolder(join(folder, name)))) below.push(join(folder, name))
  const places = (await Promise.all([folder, ...below].map(placesIn))).flat()
  const [place, other] = places
  if (place !== undefined && other === undefined) return place
  const expected = `${task.name} as ${task.tsv.dev.file} or ${task.parquet.splits.dev}-00000-of-00001.parquet, here or in ${task.folder} or ${task.parquet.config}`
  if (place === undefined) {
    const listed = names.slice(0, 12).join(', ') + (names.length > 12 ? `, … (${names.length} names)` : '')
    throw new Failure(problem(folder, '', expected, names.length === 0 ? 'an empty folder' : `only ${listed}`))
  }
  const all = places.map(p => `${p.kind} files in ${p.folder}`).join(' and ')
  throw new Failure(problem(folder, '', `${task.name} in one layout and place only`, all))
}

interface Shard {
  readonly name: string
  readonly split: string
  readonly number: number
  readonly of: number
}

const shardOf = (name: string): Shard | null => {
  const [, split, number, of] = /^(.+)-(\d{5})-of-(\d{5})\.parquet$/.exec(name) ?? []
  return split === undefined || number === undefined || of === undefined
    ? null
    : { name, split, number: Number(number), of: Number(of) }
}

/** Shards of one split, complete and in order; empty if there are none. @throws Failure if some are missing. */
const shardsOf = (place: Place, split: string): readonly string[] => {
  const shards = place.names.map(shardOf).flatMap(shard => (shard?.split === split ? [shard] : []))
  const of = shards[0]?.of ?? 0
  // Names are sorted, so complete shards stand in order.
  if (shards.length !== of || shards.some((shard, i) => shard.number !== i || shard.of !== of)) {
    const found = shards.map(shard => shard.name).join(', ')
    fail(place.folder, '', `every shard of ${split}, 0 to ${Math.max(of - 1, 0)} of ${of}, once`, found)
  }
  return shards.map(shard => join(place.folder, shard.name))
}

/** Files of each split that is there. */
const splitFiles = (task: Task, place: Place, split: Split): readonly string[] => {
  if (place.kind === 'parquet') return shardsOf(place, task.parquet.splits[split])
  const { file } = task.tsv[split]
  return place.names.includes(file) ? [join(place.folder, file)] : []
}

/** The files that hold one split of a task. @throws Failure, with what is there, if they cannot be told. */
export const findSplit = async (task: Task, folder: string, split: Split): Promise<SplitFiles> => {
  const place = await placeOf(task, folder)
  const files = splitFiles(task, place, split)
  if (files.length > 0) return { kind: place.kind, files }
  const expected =
    place.kind === 'tsv' ? task.tsv[split].file : `${task.parquet.splits[split]}-00000-of-00001.parquet or its shards`
  const there = splits.filter(other => other !== split && splitFiles(task, place, other).length > 0)
  const found = `${there.length === 0 ? 'none of its splits' : there.join(' and ')} (files: ${place.names.join(', ')})`
  throw new Failure(problem(place.folder, '', `the ${split} split of ${task.name} (${expected})`, found))
}
