/**
 * The engines of a run, one at a time, kept while consecutive units share it; and what has to be known before a chip can
 * be had: the ranges of its tiles. Each is found out once a run.
 */
import { hardwareOf, type Config } from '../domain/experiment/config.js'
import type { AnalogMethod } from '../domain/experiment/method.js'
import { buildInWords } from '../domain/experiment/tensorflow.js'
import type { Engine } from '../engines/engine.js'
import { createHeap } from '../kernels/heap.js'
import type { CalibrationVectors } from '../engines/analog/parameters.js'
import { openAnalog, type AnalogEngine } from './analog.js'
import { openDigital, type DigitalEngine, type EngineOptions } from './digital.js'
import type { AnyPlannedUnit, PlannedUnit } from './experiment/workspace.js'
import { closed, uninterrupted } from './interruption.js'
import type { CalibrationData, OpenTask } from './openTask.js'
import type { Progress } from './progress.js'
import {
  asksForErrors,
  errorsKey,
  mostTogether,
  rangesKey,
  rangesOfTask,
  type RangesOfTask,
  type RangesWanted,
} from './optimisation.js'
import type { ChosenRanges } from './ranges.js'
import { toSearch } from './savedRanges.js'
import { openTensorFlow, type TensorFlowEngine } from './tensorflow.js'

/** An engine ready for a unit; on a chip, with what the pass will leave behind. */
export interface UnitEngine {
  readonly engine: Engine
  readonly pass: { readonly ranges: readonly ChosenRanges[]; readonly alphas: Float32Array } | null
}

export interface EnginePool {
  readonly forUnit: (unit: Pick<PlannedUnit, 'open' | 'method' | 'repetition'>) => Promise<UnitEngine>
  /** Ranges of an analog method on a task. */
  readonly ranges: (unit: Pick<AnyPlannedUnit, 'open'>, method: AnalogMethod) => Promise<readonly ChosenRanges[]>
  /** Its ranges are stored now: they need not be held for later units. */
  readonly kept: (unit: Pick<AnyPlannedUnit, 'open'>, method: AnalogMethod) => void
  /** What its compensation is fitted on, by layer; null where nothing is. */
  readonly vectors: (
    unit: Pick<AnyPlannedUnit, 'open'>,
    method: AnalogMethod,
  ) => Promise<ReadonlyMap<string, CalibrationVectors> | null>
  /** Lets go of the engine there is, so that another user of the machine has the memory; after an abort without waiting. */
  readonly rest: () => Promise<void>
  readonly options: EngineOptions
  /** Which kernels run, for people. */
  readonly description: () => string
  /** Which TensorFlow.js was used, for people; null: none. */
  readonly tensorflow: () => string | null
  readonly close: () => Promise<void>
}

/** Ranges of a method on a task that were found before, by this run or another; null: they were not. */
export type StoredRanges = (open: OpenTask, method: AnalogMethod) => Promise<readonly ChosenRanges[] | null>

/** A config that units of the pool are of, and its tasks. No two have a method in common. */
export interface PoolSetting {
  readonly config: Config
  readonly tasks: readonly OpenTask[]
}

type Current =
  | { readonly kind: 'digital'; readonly open: OpenTask; readonly engine: DigitalEngine }
  | { readonly kind: 'tensorflow'; readonly open: OpenTask; readonly engine: TensorFlowEngine }
  | { readonly kind: 'analog'; readonly open: OpenTask; readonly chip: string; readonly engine: AnalogEngine }

/** What was found of a task, under what it depends on. */
interface OfTask {
  readonly open: OpenTask
  readonly ranges: RangesOfTask
  /** Found here, and nowhere kept as far as is known. */
  readonly found: Map<string, readonly ChosenRanges[]>
  /** What was found here or elsewhere. */
  readonly settled: Set<string>
}

/** What a task's calibration examples are; a plan with a chip in it has them opened. */
export const calibrationOf = ({ calibration, source }: OpenTask): CalibrationData => {
  if (calibration === null) throw new TypeError(`"calibration" expected examples of ${source.task}, got none`)
  return calibration
}

/** @param stored asked before ranges are looked for */
export const enginePool = (
  settings: readonly PoolSetting[],
  given: EngineOptions,
  progress: Progress,
  stored: StoredRanges = () => Promise.resolve(null),
): EnginePool => {
  // One heap for all of them: a memory that is let go stays resident until a collector runs.
  const options = { ...given, heap: given.heap ?? createHeap() }
  let current: Current | null = null
  let kernels = 'none used'
  let tensorflow: string | null = null
  /** Of one task at a time: units come task by task. */
  let chosen: OfTask | null = null
  /** Ranges last asked for. */
  let last: { readonly open: OpenTask; readonly key: string; readonly ranges: readonly ChosenRanges[] } | null = null

  const rest = async (): Promise<void> => {
    const { engine } = current ?? {}
    current = null
    if (engine !== undefined) await closed(engine, options.signal ?? uninterrupted)
  }
  const digital = async (open: OpenTask): Promise<DigitalEngine> => {
    if (current?.kind === 'digital' && current.open.checkpoint === open.checkpoint) return current.engine
    await rest()
    const engine = await openDigital(open.checkpoint, options)
    kernels = engine.kernels
    current = { kind: 'digital', open, engine }
    return engine
  }
  const onTensorFlow = async (open: OpenTask): Promise<TensorFlowEngine> => {
    if (current?.kind === 'tensorflow' && current.open.checkpoint === open.checkpoint) return current.engine
    await rest()
    const engine = await openTensorFlow(open.checkpoint)
    tensorflow = buildInWords(engine.build)
    current = { kind: 'tensorflow', open, engine }
    return engine
  }
  const configs = new Map(settings.flatMap(({ config }) => config.methods.map(method => [method, config] as const)))
  const configOf = (method: AnalogMethod): Config => {
    const config = configs.get(method)
    if (config === undefined) throw new TypeError(`"method" expected one of the settings, got ${method.name}`)
    return config
  }
  const wantedOf = ({ saved }: OpenTask, method: AnalogMethod): RangesWanted => ({
    ...toSearch(method, saved),
    hardware: hardwareOf(configOf(method), method),
  })
  /** Calibration has an engine of its own: the one there is rests first, unless the ranges are known. */
  const ofTask = (open: OpenTask): OfTask => {
    if (chosen?.open !== open) {
      const calibrating = { options, progress, before: rest }
      chosen = {
        open,
        ranges: rangesOfTask(open, calibrationOf(open), calibrating),
        found: new Map(),
        settled: new Set(),
      }
    }
    return chosen
  }
  /** What else may be found with a method's ranges: methods of its task that minimise the same errors and have none yet. */
  const others = async (open: OpenTask, wanted: RangesWanted): Promise<readonly RangesWanted[]> => {
    if (!asksForErrors(wanted)) return []
    const { settled } = ofTask(open)
    const seen = new Set([...settled, rangesKey(wanted)])
    const all: RangesWanted[] = []
    for (const { config, tasks } of settings)
      for (const method of tasks.includes(open) ? config.methods : []) {
        if (method.execution === 'digital' || all.length === mostTogether - 1) continue
        const own = wantedOf(open, method)
        const key = rangesKey(own)
        if (seen.has(key) || !asksForErrors(own) || errorsKey(own) !== errorsKey(wanted)) continue
        seen.add(key)
        if ((await stored(open, method)) === null) all.push(own)
        else settled.add(key)
      }
    return all
  }
  const look = async (open: OpenTask, method: AnalogMethod, key: string): Promise<readonly ChosenRanges[]> => {
    const kept = await stored(open, method)
    const { found, ranges, settled } = ofTask(open)
    settled.add(key)
    if (kept !== null) {
      found.delete(key)
      return kept
    }
    const wanted = wantedOf(open, method)
    const known = found.get(key) ?? (await ranges.of(wanted, await others(open, wanted)))
    found.set(key, known)
    return known
  }
  const ranges: EnginePool['ranges'] = async ({ open }, method) => {
    const key = rangesKey(wantedOf(open, method))
    if (last?.open === open && last.key === key) return last.ranges
    last = { open, key, ranges: await look(open, method, key) }
    return last.ranges
  }
  const vectors: EnginePool['vectors'] = ({ open }, method) => ofTask(open).ranges.vectors(wantedOf(open, method))
  const analog = async (open: OpenTask, method: AnalogMethod): Promise<AnalogEngine> => {
    const { seed } = configOf(method)
    const wanted = wantedOf(open, method)
    const { hardware } = wanted
    const chip = JSON.stringify([rangesKey(wanted), seed])
    if (current?.kind === 'analog' && current.open === open && current.chip === chip) return current.engine
    const settled = {
      ...{ hardware, seed },
      ...{ ranges: await ranges({ open }, method), vectors: await vectors({ open }, method) },
    }
    await rest()
    const engine = await openAnalog(open.checkpoint, settled, options)
    kernels = engine.kernels
    current = { kind: 'analog', open, chip, engine }
    return engine
  }
  return {
    forUnit: async ({ open, method, repetition }) => {
      if (method.execution === 'digital' || repetition === null) {
        const elsewhere = method.execution === 'digital' && method.engine === 'tensorflow'
        return { engine: await (elsewhere ? onTensorFlow(open) : digital(open)), pass: null }
      }
      const engine = await analog(open, method)
      await engine.read(repetition)
      return { engine, pass: { ranges: await ranges({ open }, method), alphas: engine.alphas() } }
    },
    ranges,
    kept: ({ open }, method) => {
      if (chosen?.open === open) chosen.found.delete(rangesKey(wantedOf(open, method)))
    },
    vectors,
    rest,
    options,
    description: () => kernels,
    tensorflow: () => tensorflow,
    close: rest,
  }
}
