/**
 * Running an experiment: compute the units that are missing, each into a file of its own, then write the tables.
 * Interrupted or killed anywhere, it starts again with what is finished and ends with the same bytes.
 */
import type { Shard } from '../../domain/experiment/plan.js'
import { counted } from '../../domain/count.js'
import { fail } from '../../domain/problem.js'
import { hardwareOf } from '../../domain/experiment/config.js'
import { errorsTable } from '../../domain/tables/errors.js'
import { alphasTable, tileCountsTable, type AlphaRow } from '../../domain/tables/pass.js'
import { outcomesTable } from '../../domain/tables/predictions.js'
import type { ScoreRow } from '../../domain/tables/scores.js'
import { removeLeftovers } from '../../io/atomicFile.js'
import { writeRows, writeUnit } from '../../io/unitFile.js'
import { calibrationOf, type EnginePool } from '../enginePool.js'
import { layerErrors } from '../errors.js'
import { checkpointed, Interrupted, toEnd } from '../interruption.js'
import { outcomes } from '../outcomes.js'
import type { Progress } from '../progress.js'
import { counting } from './counting.js'
import { removeOutdated, withTables } from '../tableFiles.js'
import { computeRanges } from './rangesUnit.js'
import { writeShardRecord } from './shardRecord.js'
import { allScores, tablePlace, writeTables, type Format } from './tables.js'
import {
  allUnits,
  remaining,
  titleOf,
  unfinished,
  unitProvenance,
  unitsFolder,
  type AnyPlannedUnit,
  type PlannedMethodUnit,
  type PlannedUnit,
  type Workspace,
} from './workspace.js'

export interface RunOptions {
  readonly shard: Shard
  readonly formats: readonly Format[]
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Whoever gives them closes them. */
  readonly engines: EnginePool
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

interface Amount {
  readonly examples: number
  readonly tokens: number
}

const alphaRows = function* (alphas: Float32Array): Generator<AlphaRow> {
  for (const alpha of alphas) yield { alpha }
}

const computeScores = async (unit: PlannedUnit, options: RunOptions): Promise<Amount> => {
  const { engine, pass } = await options.engines.forUnit(unit)
  let examples = 0
  let tokens = 0
  options.progress.begin(titleOf(unit), unit.open.examples)
  await writeUnit(unit.path, unitProvenance(unit), async sink => {
    const counter = counting(engine)
    const rows = sink.table(outcomesTable)
    await toEnd(
      outcomes(unit.open, counter.engine, async (batch, batchTokens) => {
        for (const row of batch) await rows.write(row)
        examples += batch.length
        tokens += batchTokens
        options.progress.advance(batch.length, batchTokens)
      }),
      options.signal,
    )
    await rows.close()
    if (pass !== null && unit.method.execution === 'analog') {
      const { tile } = hardwareOf(unit.setting.config, unit.method)
      await writeRows(sink, tileCountsTable, counter.rows(unit.open.checkpoint.architecture, tile))
      await writeRows(sink, alphasTable, alphaRows(pass.alphas))
    }
    // Inside, so that the outcomes of a file that changed meanwhile are thrown away.
    await unit.open.unchanged()
    if (examples !== unit.open.examples)
      fail(unit.task.data.resolved, '', `${counted(unit.open.examples, 'example')}, as counted before`, `${examples}`)
  })
  options.progress.end()
  return { examples, tokens }
}

const computeErrors = async (unit: PlannedMethodUnit, options: RunOptions): Promise<void> => {
  const { engines } = options
  const { config } = unit.setting
  const ranges = await engines.ranges(unit, unit.method)
  const vectors = await engines.vectors(unit, unit.method)
  await engines.rest()
  const wanted = {
    method: unit.method.name,
    hardware: hardwareOf(config, unit.method),
    seed: config.seed,
    times: config.repeat.times,
    ...{ ranges, vectors },
  }
  const rows = await layerErrors(unit.open, calibrationOf(unit.open), wanted, engines.options, options)
  await writeUnit(unit.path, unitProvenance(unit), async sink => {
    await writeRows(sink, errorsTable, rows)
    await unit.open.unchanged()
  })
}

const compute = async (unit: AnyPlannedUnit, options: RunOptions): Promise<Amount> => {
  if (unit.kind === 'scores') return computeScores(unit, options)
  if (unit.kind === 'ranges') await computeRanges(unit, options.engines)
  else await computeErrors(unit, options)
  return { examples: 0, tokens: 0 }
}

/** @throws Failure or Interrupted (in the promise); finished units stay, nothing half-written does. */
export const runExperiment = async (workspace: Workspace, options: RunOptions): Promise<Finished> => {
  await removeLeftovers(workspace.out)
  await removeLeftovers(unitsFolder(workspace.out))
  const { missing, unfit, elsewhere } = await remaining(workspace, options.shard)
  for (const why of unfit) options.progress.note(why)
  let examples = 0
  let tokens = 0
  const place = tablePlace(workspace)
  for (const file of await withTables(place, options.signal, () => removeOutdated(place)))
    options.progress.note(`${file}: of another config, other inputs or an unfinished run; removed`)
  const total = allUnits(workspace).length
  let done = total - new Set([...missing, ...elsewhere].map(u => u.key)).size
  try {
    await writeShardRecord(workspace, options.shard)
    for (const unit of missing) {
      checkpointed(options.signal)
      const amount = await compute(unit, options)
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
    const kept = `${done} of ${counted(total, 'unit')} ${done === 1 ? 'is' : 'are'} finished and kept`
    throw new Interrupted(`${kept}; the same command goes on from there`)
  }
}
