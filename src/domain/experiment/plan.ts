/**
 * What an experiment comes to: pure lists of units of work, in the order of the tables. A unit is one method on one task
 * on one chip, at one time, in one read; or what is found out once about an analog method. Running is the plan minus
 * what is already there.
 */
import { hardwareOf, type Config, type Json, type TaskSource } from './config.js'
import { fitsOffsets } from './hardware.js'
import { minimises, scalesRows, type AnalogMethod, type ColumnRange, type InputRange, type Method } from './method.js'
import { durationText, seconds } from './duration.js'
import type { TensorFlowBuild } from './tensorflow.js'

/** Raised when the same unit would give other numbers than before, so that finished units of old are not taken for new. */
export const resultsRevision = 6

/**
 * SHA-256 of every input file of a task, by role. Nothing else of the outside decides its results, but TensorFlow.js where
 * that computes them.
 */
export interface TaskInputs {
  readonly checkpoint: string
  readonly tokenizer: string
  readonly data: string
  /** Of the examples that ranges are chosen on; null where no method has a chip. */
  readonly calibration: string | null
}

interface AnyUnit<M extends Method> {
  /** Position in the plan. */
  readonly index: number
  readonly taskIndex: number
  readonly task: TaskSource
  readonly method: M
  /** Everything it yields depends on; its hash names the unit's file. */
  readonly dependsOn: Json
}

/** One method on one task, scored; on one chip at one time in one read. */
export interface Unit extends AnyUnit<Method> {
  readonly kind: 'scores'
  /** Null for digital execution: there is no chip. */
  readonly repetition: Repetition | null
}

/** What there is to find out once about an analog method on a task: its ranges, and where its errors come from. */
export interface MethodUnit extends AnyUnit<AnalogMethod> {
  readonly kind: 'ranges' | 'errors'
}

export interface Repetition {
  readonly chip: number
  readonly read: number
  readonly timeSeconds: number
}

/** For people, after the name of a method: ", chip 0, 1 h, read 0"; nothing without a chip. */
export const repetitionText = (r: Repetition | null): string =>
  r === null ? '' : `, chip ${r.chip}, ${durationText(seconds(r.timeSeconds))}, read ${r.read}`

/** Those of a method, in the order of the tables; one null without a chip. */
export const repetitions = (config: Config, method: Method): readonly (Repetition | null)[] => {
  if (method.execution === 'digital') return [null]
  const { chips, reads, times } = config.repeat
  return Array.from({ length: chips }, (_, chip) =>
    Array.from({ length: reads }, (__, read) => times.map(timeSeconds => ({ chip, read, timeSeconds }))).flat(),
  ).flat()
}

/** SHA-256 of the files of ranges that methods name, by resolved path. */
export type RangesHashes = ReadonlyMap<string, string>

/** A rule as its results depend on it: a file of ranges by what is in it, wherever it lies. */
const ruleOf = (range: ColumnRange | InputRange, files: RangesHashes): object => {
  if (range.rule !== 'fixed' || range.file === null) return range
  const hash = files.get(range.file.resolved)
  if (hash === undefined) throw new TypeError(`"files" expected the hash of ${range.file.written}, got none`)
  return { ...range, file: hash }
}

/**
 * Settings of a method that change its numbers; its name does not.
 * @throws TypeError if what it is computed with, or a file that it names, is not given
 */
export const executionOf = (
  config: Config,
  method: Method,
  tensorflow: TensorFlowBuild | null,
  files: RangesHashes,
): Record<string, Json> => {
  if (method.execution === 'digital') {
    const { execution, engine } = method
    if (engine !== 'tensorflow') return { execution, engine }
    if (tensorflow === null) throw new TypeError(`"tensorflow" expected a build for ${method.name}, got none`)
    return { execution, engine, tensorflow: asJson(tensorflow) }
  }
  const { execution, objective, spare } = method
  const rules = { columnRange: ruleOf(method.columnRange, files), inputRange: ruleOf(method.inputRange, files) }
  const hardware = hardwareOf(config, method)
  // Without wires there is nothing to compensate.
  const irDrop = hardware.wireResistanceOhm > 0 ? method.irDrop : 'none'
  const fits = fitsOffsets(hardware)
  const { vectors, ...calibration } = config.calibration
  return {
    ...asJson({
      execution,
      ...rules,
      spare,
      irDrop,
      ...(scalesRows(method) ? { rowScale: method.rowScale } : {}),
      ...(minimises(method) || fits ? { objective } : {}),
    }),
    hardware: asJson(hardware),
    calibration: asJson(fits ? { ...calibration, vectors } : calibration),
  }
}

/** A decoded part of the config is JSON by construction. */
export const asJson = (value: object): Record<string, Json> => JSON.parse(JSON.stringify(value)) as Record<string, Json> // as: stringify gives JSON

/** What decides a method's results, of the outside: a digital one is not calibrated. */
const inputsOf = ({ calibration, ...inputs }: TaskInputs, method: Method): Record<string, Json> =>
  asJson(method.execution === 'digital' ? inputs : { ...inputs, calibration })

const scoreUnits = (
  config: Config,
  inputs: readonly TaskInputs[],
  tensorflow: TensorFlowBuild | null,
  files: RangesHashes,
): readonly Omit<Unit, 'index'>[] =>
  eachMethod(config, inputs, (common, method, own) =>
    repetitions(config, method).map(repetition => ({
      ...common,
      kind: 'scores',
      method,
      repetition,
      dependsOn: {
        revision: resultsRevision,
        task: common.task.task,
        split: common.task.split,
        examples: common.task.examples,
        inputs: inputsOf(own, method),
        method: executionOf(config, method, tensorflow, files),
        repetition: repetition === null ? null : { ...repetition, seed: config.seed },
      },
    })),
  )

const methodUnits = (
  config: Config,
  inputs: readonly TaskInputs[],
  files: RangesHashes,
): readonly Omit<MethodUnit, 'index'>[] =>
  eachMethod(config, inputs, (common, method, { checkpoint, tokenizer, calibration }) => {
    if (method.execution === 'digital') return []
    const about = {
      revision: resultsRevision,
      task: common.task.task,
      inputs: { checkpoint, tokenizer, calibration },
      method: executionOf(config, method, null, files),
    }
    return [
      { ...common, kind: 'ranges', method, dependsOn: { ...about, of: 'ranges' } },
      {
        ...common,
        kind: 'errors',
        method,
        dependsOn: { ...about, of: 'errors', times: config.repeat.times, seed: config.seed },
      },
    ]
  })

/** Tasks outermost, methods within, in the order of the config. */
const eachMethod = <A>(
  config: Config,
  inputs: readonly TaskInputs[],
  of: (common: Pick<Unit, 'taskIndex' | 'task'>, method: Method, inputs: TaskInputs) => readonly A[],
): readonly A[] =>
  config.tasks.flatMap((task, taskIndex) => {
    const own = inputs[taskIndex]
    if (own === undefined || inputs.length !== config.tasks.length)
      throw new RangeError(`"inputs" expected ${config.tasks.length} entries, got ${inputs.length}`)
    return config.methods.flatMap(method => of({ taskIndex, task }, method, own))
  })

export interface Plan {
  /** Tasks, then methods, chips, reads and times, each in the order of the config. */
  readonly scores: readonly Unit[]
  /** Tasks, then methods; of each analog method its ranges, then its errors. Counted on from the scores' units. */
  readonly methods: readonly MethodUnit[]
}

/**
 * The units of an experiment.
 * @param inputs hashes of each task's input files, in the order of `config.tasks`
 * @param tensorflow what computes the methods that ask for it; null where none does
 * @param files hashes of the files of ranges that methods name
 * @throws RangeError if `inputs` has another length than `config.tasks`
 * @throws TypeError if a method asks for TensorFlow.js, or for a file of ranges, that is not given
 */
export const plan = (
  config: Config,
  inputs: readonly TaskInputs[],
  tensorflow: TensorFlowBuild | null,
  files: RangesHashes = new Map(),
): Plan => {
  const scores = scoreUnits(config, inputs, tensorflow, files).map((unit, index) => ({ index, ...unit }))
  const methods = methodUnits(config, inputs, files).map((unit, i) => ({ index: scores.length + i, ...unit }))
  return { scores, methods }
}

/** A share of the plan for one of several processes: every n-th unit, starting with the i-th. */
export interface Shard {
  readonly index: number
  readonly of: number
}

export const sharded = <U extends Pick<Unit, 'index'>>(units: readonly U[], shard: Shard): readonly U[] =>
  units.filter(unit => unit.index % shard.of === shard.index)
