/**
 * What an experiment comes to: a pure list of units of work, in the order of the tables. A unit is one method on one
 * task on one chip, at one time, in one read. Running is the plan minus what is already there.
 */
import { hardwareOf, type Config, type Json, type TaskSource } from './config.js'
import type { Method } from './method.js'

/** Raised when the same unit would give other numbers than before, so that finished units of old are not taken for new. */
export const resultsRevision = 1

/** SHA-256 of every input file of a task, by role: nothing else of the outside decides its results. */
export interface TaskInputs {
  readonly checkpoint: string
  readonly tokenizer: string
  readonly data: string
}

export interface Unit {
  /** Position in the plan. */
  readonly index: number
  readonly taskIndex: number
  readonly task: TaskSource
  readonly method: Method
  /** Null for digital execution: there is no chip. */
  readonly repetition: Repetition | null
  /** Everything its outcome depends on; its hash names the unit's file. */
  readonly dependsOn: Json
}

export interface Repetition {
  readonly chip: number
  readonly read: number
  readonly timeSeconds: number
}

const repetitions = (config: Config, method: Method): readonly (Repetition | null)[] => {
  if (method.execution === 'digital') return [null]
  const { chips, reads, times } = config.repeat
  return Array.from({ length: chips }, (_, chip) =>
    Array.from({ length: reads }, (__, read) => times.map(timeSeconds => ({ chip, read, timeSeconds }))).flat(),
  ).flat()
}

/** Settings of a method that change its numbers; its name does not. */
const executionOf = (config: Config, method: Method): Json => {
  if (method.execution === 'digital') return { execution: 'digital', engine: method.engine }
  const { execution, columnRange, inputRange, objective, spare, irDrop } = method
  return {
    ...asJson({ execution, columnRange, inputRange, objective, spare, irDrop }),
    hardware: asJson(hardwareOf(config, method)),
    calibration: asJson(config.calibration),
  }
}

/** A decoded part of the config is JSON by construction. */
const asJson = (value: object): Record<string, Json> => JSON.parse(JSON.stringify(value)) as Record<string, Json> // as: stringify gives JSON

/**
 * The units of an experiment: tasks, then methods, chips, reads and times, each in the order of the config.
 * @param inputs hashes of each task's input files, in the order of `config.tasks`
 * @throws RangeError if `inputs` has another length than `config.tasks`
 */
export const plan = (config: Config, inputs: readonly TaskInputs[]): readonly Unit[] => {
  if (inputs.length !== config.tasks.length)
    throw new RangeError(`"inputs" expected ${config.tasks.length} entries, got ${inputs.length}`)
  return config.tasks
    .flatMap((task, taskIndex) =>
      config.methods.flatMap(method =>
        repetitions(config, method).map(repetition => ({
          taskIndex,
          task,
          method,
          repetition,
          dependsOn: {
            revision: resultsRevision,
            task: task.task,
            split: task.split,
            examples: task.examples,
            inputs: asJson(inputs[taskIndex] ?? {}),
            method: executionOf(config, method),
            repetition: repetition === null ? null : { ...repetition, seed: config.seed },
          },
        })),
      ),
    )
    .map((unit, index) => ({ index, ...unit }))
}

/** A share of the plan for one of several processes: every n-th unit, starting with the i-th. */
export interface Shard {
  readonly index: number
  readonly of: number
}

export const sharded = <U extends Unit>(units: readonly U[], shard: Shard): readonly U[] =>
  units.filter(unit => unit.index % shard.of === shard.index)
