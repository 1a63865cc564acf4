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
import type { CalibrationData, OpenTask } from './openTask.js'
import type { Progress } from './progress.js'
import { rangesOfTask, type RangesOfTask, type RangesWanted } from './optimisation.js'
import type { ChosenRanges } from './ranges.js'
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
  /** What its compensation is fitted on, by layer; null where nothing is. */
  readonly vectors: (
    unit: Pick<AnyPlannedUnit, 'open'>,
    method: AnalogMethod,
  ) => Promise<ReadonlyMap<string, CalibrationVectors> | null>
  /** Lets go of the engine there is, so that another user of the machine has the memory. */
  readonly rest: () => Promise<void>
  readonly options: EngineOptions
  /** Which kernels run, for people. */
  readonly description: () => string
  /** Which TensorFlow.js was used, for people; null: none. */
  readonly tensorflow: () => string | null
  readonly close: () => Promise<void>
}

/** Ranges of a method on a task that were found before, by this run or another; null: they were not. */
export type StoredRanges = (
  open: OpenTask,
  method: Pick<AnalogMethod, 'name'>,
) => Promise<readonly ChosenRanges[] | null>

type Current =
  | { readonly kind: 'digital'; readonly open: OpenTask; readonly engine: DigitalEngine }
  | { readonly kind: 'tensorflow'; readonly open: OpenTask; readonly engine: TensorFlowEngine }
  | { readonly kind: 'analog'; readonly open: OpenTask; readonly method: AnalogMethod; readonly engine: AnalogEngine }

/** What a task's calibration examples are; a plan with a chip in it has them opened. */
export const calibrationOf = ({ calibration, source }: OpenTask): CalibrationData => {
  if (calibration === null) throw new TypeError(`"calibration" expected examples of ${source.task}, got none`)
  return calibration
}

/** @param stored asked before ranges are looked for */
export const enginePool = (
  config: Config,
  given: EngineOptions,
  progress: Progress,
  stored: StoredRanges = () => Promise.resolve(null),
): EnginePool => {
  // One heap for all of them: a memory that is let go stays resident until a collector runs.
  const options = { ...given, heap: given.heap ?? createHeap() }
  let current: Current | null = null
  let kernels = 'none used'
  let tensorflow: string | null = null
  const chosen = new Map<OpenTask, RangesOfTask>()

  const rest = async (): Promise<void> => {
    const { engine } = current ?? {}
    current = null
    await engine?.close()
  }
  const digital = async (open: OpenTask): Promise<DigitalEngine> => {
    if (current?.kind === 'digital' && current.open === open) return current.engine
    await rest()
    const engine = await openDigital(open.checkpoint, options)
    kernels = engine.kernels
    current = { kind: 'digital', open, engine }
    return engine
  }
  const onTensorFlow = async (open: OpenTask): Promise<TensorFlowEngine> => {
    if (current?.kind === 'tensorflow' && current.open === open) return current.engine
    await rest()
    const engine = await openTensorFlow(open.checkpoint)
    tensorflow = buildInWords(engine.build)
    current = { kind: 'tensorflow', open, engine }
    return engine
  }
  const wantedOf = (method: AnalogMethod): RangesWanted => ({ ...method, hardware: hardwareOf(config, method) })
  const methods = config.methods.flatMap(m => (m.execution === 'analog' ? [wantedOf(m)] : []))
  /** By task and method: what was stored or has been found. */
  const known = new Map<OpenTask, Map<string, readonly ChosenRanges[]>>()
  const knownOf = (open: OpenTask): Map<string, readonly ChosenRanges[]> => {
    const own = known.get(open) ?? new Map<string, readonly ChosenRanges[]>()
    known.set(open, own)
    return own
  }
  const storedOf = async (
    open: OpenTask,
    { name }: Pick<AnalogMethod, 'name'>,
  ): Promise<readonly ChosenRanges[] | null> => {
    const ranges = knownOf(open).get(name) ?? (await stored(open, { name }))
    if (ranges !== null) knownOf(open).set(name, ranges)
    return ranges
  }
  /** Calibration has an engine of its own: the one there is rests first, unless the ranges are known. */
  const ofTask = (open: OpenTask): RangesOfTask => {
    const found = chosen.get(open) ?? rangesOfTask(open, calibrationOf(open), { options, progress, before: rest })
    chosen.set(open, found)
    return found
  }
  const ranges: EnginePool['ranges'] = async ({ open }, method) => {
    const before = await storedOf(open, method)
    if (before !== null) return before
    const others: RangesWanted[] = []
    for (const other of methods) if ((await storedOf(open, other)) === null) others.push(other)
    const found = await ofTask(open).of(wantedOf(method), others)
    knownOf(open).set(method.name, found)
    return found
  }
  const vectors: EnginePool['vectors'] = ({ open }, method) => ofTask(open).vectors(wantedOf(method))
  const analog = async (open: OpenTask, method: AnalogMethod): Promise<AnalogEngine> => {
    if (current?.kind === 'analog' && current.open === open && current.method === method) return current.engine
    const chip = {
      ...{ hardware: hardwareOf(config, method), seed: config.seed },
      ...{ ranges: await ranges({ open }, method), vectors: await vectors({ open }, method) },
    }
    await rest()
    const engine = await openAnalog(open.checkpoint, chip, options)
    kernels = engine.kernels
    current = { kind: 'analog', open, method, engine }
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
    vectors,
    rest,
    options,
    description: () => kernels,
    tensorflow: () => tensorflow,
    close: rest,
  }
}
