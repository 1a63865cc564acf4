/**
 * What an experiment comes to: pure lists of units of work, in the order of the tables. A unit is one method on one task
 * on one chip, at one time, in one read; or what is found out once about an analog method. Running is the plan minus
 * what is already there.
 */
import { hardwareOf, type Config, type Json, type TaskSource } from './config.js'
import type { AnalogMethod, Method } from './method.js'
import { fitsOffsets } from './hardware.js'
import { durationText, seconds } from './duration.js'
import type { TensorFlowBuild } from './tensorflow.js'

/** Raised when the same unit would give other numbers than before, so that finished units of old are not taken for new. */
export const resultsRevision = 4

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

/** Whether anything of a method is chosen by its objective; without, the objective changes no number. */
const minimises = ({ columnRange, inputRange, spare, irDrop }: AnalogMethod): boolean =>
  columnRange.rule === 'optimal' || inputRange.rule === 'optimal' || spare !== 'none' || irDrop !== 'none'

/** Settings of a method that change its numbers; its name does not. */
export const executionOf = (
  config: Config,
  method: Method,
  tensorflow: TensorFlowBuild | null,
): Record<string, Json> => {
  if (method.execution === 'digital') {
    const { execution, engine } = method
    if (engine !== 'tensorflow') return { execution, engine }
    if (tensorflow === null) throw new TypeError(`"tensorflow" expected a build for ${method.name}, got none`)
    return { execution, engine, tensorflow: asJson(tensorflow) }
  }
  const { execution, columnRange, inputRange, objective, spare, irDrop } = method
  const hardware = hardwareOf(config, method)
  const fits = fitsOffsets(hardware)
  const { vectors, ...calibration } = config.calibration
  return {
    ...asJson({
      execution,
      columnRange,
      inputRange,
      spare,
      irDrop,
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
        method: executionOf(config, method, tensorflow),
        repetition: repetition === null ? null : { ...repetition, seed: config.seed },
      },
    })),
  )

const methodUnits = (config: Config, inputs: readonly TaskInputs[]): readonly Omit<MethodUnit, 'index'>[] =>
  eachMethod(config, inputs, (common, method, { checkpoint, tokenizer, calibration }) => {
    if (method.execution === 'digital') return []
    const about = {
      revision: resultsRevision,
      task: common.task.task,
      inputs: { checkpoint, tokenizer, calibration },
      method: executionOf(config, method, null),
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
 * @throws RangeError if `inputs` has another length than `config.tasks`
 * @throws TypeError if a method asks for TensorFlow.js and there is none
 */
export const plan = (config: Config, inputs: readonly TaskInputs[], tensorflow: TensorFlowBuild | null): Plan => {
  const scores = scoreUnits(config, inputs, tensorflow).map((unit, index) => ({ index, ...unit }))
  return { scores, methods: methodUnits(config, inputs).map((unit, i) => ({ index: scores.length + i, ...unit })) }
}

/** A share of the plan for one of several processes: every n-th unit, starting with the i-th. */
export interface Shard {
  readonly index: number
  readonly of: number
}

export const sharded = <U extends Pick<Unit, 'index'>>(units: readonly U[], shard: Shard): readonly U[] =>
  units.filter(unit => unit.index % shard.of === shard.index)
