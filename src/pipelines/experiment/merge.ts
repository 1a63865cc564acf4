/**
 * Shards of one experiment put together: their units, each checked, copied into one folder, and the tables written from them:
 * the bytes of a single run. Nothing is computed, and neither models nor data are read. Stopped anywhere, it starts again
 * with what is copied and ends with the same bytes.
 */
import { left, right, type Either } from 'fp-ts/lib/Either.js'
import { join, resolve } from 'node:path'
import { counted } from '../../domain/count.js'
import { sharded, type Shard } from '../../domain/experiment/plan.js'
import { problem, type Problem } from '../../domain/problem.js'
import type { ScoreRow } from '../../domain/tables/scores.js'
import type { Column } from '../../domain/tables/table.js'
import { refuseNonFolder, removeLeftovers } from '../../io/atomicFile.js'
import { copyUnit, unitDigest } from '../../io/unitFile.js'
import { checkpointed } from '../interruption.js'
import type { Progress } from '../progress.js'
import { removeOutdated, withTables } from '../tableFiles.js'
import { openShards, type Shards } from './shardFolders.js'
import { layOutRecorded, writeShardRecord } from './shardRecord.js'
import { allScores, tablePlace, writeTables, type Format } from './tables.js'
import { allUnits, titleOf, unitsFolder, type AnyPlannedUnit, type Laid, type TaskFacts } from './workspace.js'

type AnyUnit = AnyPlannedUnit<TaskFacts>

export interface MergeOptions {
  readonly formats: readonly Format[]
  readonly progress: Progress
  readonly signal: AbortSignal
}

export interface Merged {
  readonly folders: readonly string[]
  readonly units: number
  /** How many of them were not in the folder yet. */
  readonly copied: number
  readonly scores: readonly ScoreRow[]
  /** What tells the settings of a sweep apart. */
  readonly columns: readonly Column[]
  readonly tables: readonly string[]
}

/** A unit that is there, whole. */
interface Copy {
  readonly path: string
  readonly sha256: string
}

interface Survey {
  /** A whole copy of each unit that has one, by key. */
  readonly copies: ReadonlyMap<string, Copy>
  readonly problems: readonly Problem[]
}

/** The shards that the experiment was parted into, as most of the records say: the finest. */
const parts = ({ folders }: Shards): number => Math.max(1, ...folders.flatMap(f => f.shards.map(s => s.of)))

const isOf = (unit: AnyUnit, shard: Shard): boolean => sharded([unit], shard).length > 0

const shardText = ({ index, of }: Shard): string => `shard ${index}/${of}`

/** Most units that one message names. */
const mostNamed = 10

const namesOf = (units: readonly AnyUnit[]): string => {
  const more = units.length - mostNamed
  return units.slice(0, mostNamed).map(titleOf).join('; ') + (more > 0 ? `; and ${more} more` : '')
}

/** What is missing, a problem a shard. */
const missingOf = (shards: Shards, all: readonly AnyUnit[], missing: readonly AnyUnit[]): readonly Problem[] => {
  const of = parts(shards)
  return Array.from({ length: of }, (_, index): Shard => ({ index, of })).flatMap(shard => {
    const own = missing.filter(unit => isOf(unit, shard))
    if (own.length === 0) return []
    const places = shards.folders.filter(f => f.shards.some(s => s.index === shard.index && s.of === of))
    const where = places.map(f => f.folder).join(', ')
    return [
      problem(
        where === '' ? shardText(shard) : where,
        where === '' ? '' : shardText(shard),
        `its ${counted(all.filter(unit => isOf(unit, shard)).length, 'unit')}${where === '' ? ', in a folder that is given' : ''}`,
        `${own.length} missing (${namesOf(own)})`,
      ),
    ]
  })
}

/** One unit in every folder: the first whole copy, and what is wrong with the others. */
const surveyUnit = async (
  unit: AnyUnit,
  shards: Shards,
  out: string,
): Promise<{ readonly copy: Copy | null; readonly problems: readonly Problem[] }> => {
  let copy: Copy | null = null
  const problems: Problem[] = []
  const unfit = (path: string, how: 'damaged' | 'misplaced'): Problem => {
    const [wanted, found] =
      how === 'damaged' ? ['a unit whose checksum holds', 'a damaged one'] : ['the unit of that name', 'another']
    return problem(path, '', `${wanted} (${titleOf(unit)}; its shard's command computes it again)`, found)
  }
  const merged = resolve(out)
  const others = shards.folders.map(f => f.folder).filter(folder => resolve(folder) !== merged)
  for (const folder of [...others, out]) {
    const path = join(unitsFolder(folder), `${unit.key}.unit`)
    const digest = await unitDigest(path)
    if (digest === 'absent') continue
    if (typeof digest === 'string') {
      // Where the tables go, a whole one from elsewhere takes its place.
      if (folder !== out || copy === null) problems.push(unfit(path, digest))
    } else if (copy === null) copy = { path, ...digest }
    else if (copy.sha256 !== digest.sha256)
      problems.push(problem(path, '', `the bytes of ${copy.path} (${titleOf(unit)})`, 'others'))
  }
  return { copy, problems }
}

/** Reads every unit of every folder through. */
const survey = async (workspace: Laid, shards: Shards, { signal, progress }: MergeOptions): Promise<Survey> => {
  const all = allUnits(workspace)
  const copies = new Map<string, Copy>()
  const problems: Problem[] = []
  const missing: AnyUnit[] = []
  progress.begin('units checked', all.length, 'unit')
  for (const unit of all) {
    checkpointed(signal)
    const found = await surveyUnit(unit, shards, workspace.out)
    problems.push(...found.problems)
    if (found.copy !== null) copies.set(unit.key, found.copy)
    else if (found.problems.length === 0) missing.push(unit)
    progress.advance(1, 0)
  }
  progress.end()
  return { copies, problems: [...problems, ...missingOf(shards, all, missing)] }
}

/** Copies what is not there yet. @returns how many */
const gather = async (workspace: Laid, copies: Survey['copies'], { signal }: MergeOptions): Promise<number> => {
  let copied = 0
  for (const { key, path } of allUnits(workspace)) {
    checkpointed(signal)
    const copy = copies.get(key)
    if (copy === undefined || resolve(copy.path) === resolve(path)) continue
    const there = await unitDigest(path)
    if (typeof there !== 'string') continue
    await copyUnit(copy.path, path, copy)
    copied += 1
  }
  return copied
}

/**
 * @param given folders of shards, or folders that hold such
 * @returns left, nothing written: every unit that is missing, damaged, or not the same everywhere
 * @throws Failure or Interrupted (in the promise); before anything is written, if the folders hold no shards, of several
 *   experiments or of another version
 */
export const merge = async (
  given: readonly string[],
  out: string,
  options: MergeOptions,
): Promise<Either<readonly Problem[], Merged>> => {
  await refuseNonFolder(out)
  const shards = await openShards(given)
  const workspace = layOutRecorded(shards.experiment, out)
  const { copies, problems } = await survey(workspace, shards, options)
  if (problems.length > 0) return left(problems)
  await removeLeftovers(out)
  await removeLeftovers(unitsFolder(out))
  const place = tablePlace(workspace)
  for (const file of await withTables(place, options.signal, () => removeOutdated(place)))
    options.progress.note(`${file}: of another config, other inputs or an unfinished run; removed`)
  const copied = await gather(workspace, copies, options)
  await writeShardRecord(workspace, { index: 0, of: 1 })
  const scores = await allScores(workspace, options.signal)
  const tables = await writeTables(workspace, scores, options.formats, options.signal)
  const folders = shards.folders.map(f => f.folder)
  return right({
    folders,
    units: allUnits(workspace).length,
    copied,
    scores,
    columns: workspace.settingColumns,
    tables,
  })
}
