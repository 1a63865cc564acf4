/**
 * `ohmflow/experiment`: what `ohmflow run` does, from a program: the same units, tables and bytes in the same folder.
 * Not here: anything on a screen, and run.json (clock and machine), which the command writes beside the tables.
 */
import type { Shard } from '../domain/experiment/plan.js'
import { Failure, Refused, type Problem } from '../domain/problem.js'
import type { ScoreRow } from '../domain/tables/scores.js'
import { orThrow } from '../io/fault.js'
import { enginePool } from '../pipelines/enginePool.js'
import { readCheckedConfig } from '../pipelines/experiment/config.js'
import { storedRanges } from '../pipelines/experiment/rangesUnit.js'
import { runExperiment } from '../pipelines/experiment/run.js'
import { formats, type Format } from '../pipelines/experiment/tables.js'
import { prepare } from '../pipelines/experiment/workspace.js'
import { Interrupted, uninterrupted } from '../pipelines/interruption.js'
import { silent, type Progress } from '../pipelines/progress.js'

export { formats, Interrupted, Refused }
export type { Format, Problem, Progress, ScoreRow, Shard }

export interface RunOptions {
  /** Folder of the finished units and the tables; what is finished in it is taken over. */
  readonly out: string
  /** Threads; by default one per core. Results do not depend on it. */
  readonly workers?: number
  /** Of the tables; by default Parquet. */
  readonly formats?: readonly Format[]
  /** Compute every `of`-th unit only, from the `index`-th, counted from 0. */
  readonly shard?: Shard
  /** An abort ends the run with `Interrupted`; finished units stay. */
  readonly signal?: AbortSignal
  /** Told how far the run is; by default nobody. */
  readonly progress?: Progress
}

/** What a run came to. */
export interface Ran {
  /** Units computed now; those found in the folder are not counted. */
  readonly computed: number
  /** Units of other shards that are not there yet. With any, there are neither scores nor tables. */
  readonly outstanding: number
  /** The table `scores`; with a sweep, its keys are cells of each row too. */
  readonly scores: readonly ScoreRow[]
  /** Files of the tables. */
  readonly tables: readonly string[]
}

const threads = (workers: number | undefined): number | null => {
  if (workers === undefined) return null
  if (Number.isInteger(workers) && workers >= 1 && workers <= 256) return workers
  throw new RangeError(`"workers" expected a whole number from 1 to 256, got ${workers}`)
}

const whole: Shard = { index: 0, of: 1 }

const shardOf = (shard: Shard = whole): Shard => {
  const { index, of } = shard
  if (Number.isInteger(index) && Number.isInteger(of) && index >= 0 && index < of) return shard
  throw new RangeError(`"shard" expected whole numbers with 0 <= index < of, got ${index} of ${of}`)
}

const computed = async (path: string, options: RunOptions): Promise<Ran> => {
  const { out, formats: wanted = ['parquet'], signal = uninterrupted, progress = silent } = options
  const [workers, shard] = [threads(options.workers), shardOf(options.shard)]
  const read = await readCheckedConfig(path)()
  if (read._tag === 'Left') throw new Refused(read.left)
  const { config, hash, settings } = read.right
  const workspace = await orThrow(prepare(config, hash, out, settings))
  const engines = enginePool(workspace.settings, { workers, signal }, progress, storedRanges(workspace))
  try {
    const finished = await runExperiment(workspace, { shard, formats: wanted, progress, signal, engines })
    return {
      computed: finished.computed,
      outstanding: finished.outstanding,
      scores: finished.scores,
      tables: finished.tables,
    }
  } finally {
    progress.close()
    await engines.close()
  }
}

/**
 * Runs the experiment of a config file: plans it, computes what is missing in `out`, writes the tables.
 * @throws Refused (in the promise) where config, models, data or `out` are not as they should be: each problem with its
 * file, place, what was expected and what was found
 * @throws Interrupted (in the promise) after an abort
 * @throws RangeError (in the promise) for numbers among the options that cannot be meant
 */
export const run = async (config: string, options: RunOptions): Promise<Ran> => {
  try {
    return await computed(config, options)
  } catch (error) {
    throw error instanceof Failure ? new Refused([error.problem]) : error
  }
}
