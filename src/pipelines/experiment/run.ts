/**
 * Running an experiment: compute the units that are missing, each into a file of its own, then write the tables.
 * Interrupted or killed anywhere, it starts again with what is finished and ends with the same bytes.
 */
import type { Shard } from '../../domain/experiment/plan.js'
import { fail } from '../../domain/problem.js'
import type { ScoreRow } from '../../domain/tables/scores.js'
import type { Engine } from '../../engines/engine.js'
import { removeLeftovers } from '../../io/atomicFile.js'
import { writeUnit } from '../../io/unitFile.js'
import { checkpointed, Interrupted, toEnd } from '../interruption.js'
import { outcomes } from '../outcomes.js'
import type { Progress } from '../progress.js'
import { allScores, removeOutdated, writeTables, type Format } from './tables.js'
import { remaining, unfinished, unitsFolder, type PlannedUnit, type Workspace } from './workspace.js'

export interface RunOptions {
  readonly shard: Shard
  readonly formats: readonly Format[]
  readonly progress: Progress
  readonly signal: AbortSignal
  /** The engine that a unit runs on; whoever gives it closes it, and may give the same for several units. */
  readonly engine: (unit: PlannedUnit) => Promise<Engine>
}

export interface Finished {
  readonly computed: number
  readonly examples: number
  readonly tokens: number
  /** Units of the plan that other shards have still to compute; with any, no table is written. */
  readonly outstanding: number
  readonly scores: readonly ScoreRow[]
  readonly tables: readonly string[]
}

const titleOf = (unit: PlannedUnit): string => {
  const r = unit.repetition
  const where = r === null ? '' : `, chip ${r.chip}, ${r.timeSeconds} s, read ${r.read}`
  return `${unit.task.task}: ${unit.method.name}${where}`
}

interface Amount {
  readonly examples: number
  readonly tokens: number
}

const compute = async (unit: PlannedUnit, engine: Engine, options: RunOptions): Promise<Amount> => {
  let examples = 0
  let tokens = 0
  options.progress.begin(titleOf(unit), unit.open.examples)
  const unitProvenance = new Map([['ohmflow:depends-on-sha256', unit.key]])
  await writeUnit(unit.path, unitProvenance, async sink => {
    await toEnd(
      outcomes(unit.open, engine, async (rows, batchTokens) => {
        for (const row of rows) await sink.write(row)
        examples += rows.length
        tokens += batchTokens
        options.progress.advance(rows.length, batchTokens)
      }),
      options.signal,
    )
    // Inside, so that the outcomes of a file that changed meanwhile are thrown away.
    await unit.open.unchanged()
    if (examples !== unit.open.examples)
      fail(unit.task.data.resolved, '', `${unit.open.examples} examples, as counted before`, `${examples}`)
  })
  options.progress.end()
  return { examples, tokens }
}

/** @throws Failure or Interrupted (in the promise); finished units stay, nothing half-written does. */
export const runExperiment = async (workspace: Workspace, options: RunOptions): Promise<Finished> => {
  await removeLeftovers(workspace.out)
  await removeLeftovers(unitsFolder(workspace.out))
  const { missing, damaged, elsewhere } = await remaining(workspace, options.shard)
  for (const path of damaged) options.progress.note(`${path}: its checksum does not hold; computed again`)
  let examples = 0
  let tokens = 0
  for (const file of await removeOutdated(workspace))
    options.progress.note(`${file}: of another config, other inputs or an unfinished run; removed`)
  let done = workspace.units.length - new Set([...missing, ...elsewhere].map(u => u.key)).size
  try {
    for (const unit of missing) {
      checkpointed(options.signal)
      const amount = await compute(unit, await options.engine(unit), options)
      examples += amount.examples
      tokens += amount.tokens
      done += 1
    }
    const outstanding = await unfinished(elsewhere)
    if (outstanding > 0) return { computed: missing.length, examples, tokens, outstanding, scores: [], tables: [] }
    const scores = await allScores(workspace, options.signal)
    const tables = await writeTables(workspace, scores, options.formats, options.signal)
    return { computed: missing.length, examples, tokens, outstanding, scores, tables }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    const kept = `${done} of ${workspace.units.length} units are finished and kept`
    throw new Interrupted(`${kept}; the same command goes on from there`)
  }
}
