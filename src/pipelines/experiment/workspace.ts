/**
 * An experiment made ready: config read, every task opened and checked, the plan laid out, the finished units found.
 * Nothing is computed here.
 */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { join } from 'node:path'
import type { Config } from '../../domain/experiment/config.js'
import { plan, sharded, type Shard, type Unit } from '../../domain/experiment/plan.js'
import type { Problem } from '../../domain/problem.js'
import type { Provenance } from '../../domain/tables/table.js'
import { version } from '../../domain/version.js'
import { canonicalJson } from '../../io/config/canonical.js'
import { attempt, orThrow } from '../../io/fault.js'
import { sha256 } from '../../io/hash.js'
import { unitState, type UnitState } from '../../io/unitFile.js'
import { openTask, type OpenTask } from '../openTask.js'

export interface PlannedUnit extends Unit {
  /** SHA-256 of what it depends on. */
  readonly key: string
  readonly path: string
  readonly open: OpenTask
}

export interface Workspace {
  readonly config: Config
  readonly out: string
  readonly tasks: readonly OpenTask[]
  /** The whole plan, in the order of the tables. */
  readonly units: readonly PlannedUnit[]
  readonly provenance: Provenance
}

export const unitsFolder = (out: string): string => join(out, 'units')

const provenanceOf = (config: Config, hash: string, tasks: readonly OpenTask[]): Provenance =>
  new Map([
    ['ohmflow:version', version],
    ['ohmflow:experiment', config.name],
    ['ohmflow:config-sha256', hash],
    ['ohmflow:seed', String(config.seed)],
    ['ohmflow:inputs', canonicalJson(tasks.map(t => ({ task: t.source.task, ...t.inputs })))],
  ])

export const prepare = (config: Config, configHash: string, out: string): TaskEither<Problem, Workspace> =>
  attempt(out, async () => {
    const tasks: OpenTask[] = []
    for (const source of config.tasks) tasks.push(await orThrow(openTask(source)))
    const units = plan(
      config,
      tasks.map(t => t.inputs),
    ).map((unit): PlannedUnit => {
      const key = sha256(canonicalJson(unit.dependsOn))
      const open = tasks[unit.taskIndex]
      if (open === undefined) throw new RangeError(`no task ${unit.taskIndex}`)
      return { ...unit, key, path: join(unitsFolder(out), `${key}.unit`), open }
    })
    return { config, out, tasks, units, provenance: provenanceOf(config, configHash, tasks) }
  })

export interface Remaining {
  /** Units of this shard still to be computed, each key once. */
  readonly missing: readonly PlannedUnit[]
  /** Units still to be computed that belong to other shards. */
  readonly elsewhere: readonly PlannedUnit[]
  /** Files that were there but did not pass their checksum; they are computed again. */
  readonly damaged: readonly string[]
}

const states = async (units: readonly PlannedUnit[]): Promise<ReadonlyMap<string, UnitState>> => {
  const found = new Map<string, UnitState>()
  for (const { key, path } of units) if (!found.has(key)) found.set(key, await unitState(path))
  return found
}

/** The plan minus what is already on disk; every file there is read through and checked. */
export const remaining = async (workspace: Workspace, shard: Shard): Promise<Remaining> => {
  const state = await states(workspace.units)
  const open = new Map(workspace.units.filter(u => state.get(u.key) !== 'whole').map(u => [u.key, u]))
  const missing = [...new Map(sharded([...open.values()], shard).map(u => [u.key, u])).values()]
  const own = new Set(missing.map(u => u.key))
  return {
    missing,
    elsewhere: [...open.values()].filter(u => !own.has(u.key)),
    damaged: [...open.values()].filter(u => state.get(u.key) === 'damaged').map(u => u.path),
  }
}

/** How many of these units are still not there. */
export const unfinished = async (units: readonly PlannedUnit[]): Promise<number> =>
  [...(await states(units)).values()].filter(state => state !== 'whole').length
