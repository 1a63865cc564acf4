/**
 * An experiment as its config describes it, decoded: durations in seconds, paths resolved, every default filled in.
 * Not here: whether this version can do it (`available.ts`), how it is read (io/config), what it comes to (the plan).
 */
import type { Split, TaskName } from '../tasks/task.js'
import type { Seconds } from './duration.js'
import { overridden, type Hardware } from './hardware.js'
import type { AnalogMethod, Method } from './method.js'
import type { ConfigPath } from './path.js'
import type { Training } from './training.js'

/** A model and the data it is scored on. */
export interface TaskSource {
  readonly task: TaskName
  /** Folder of a Hugging Face checkpoint. */
  readonly checkpoint: ConfigPath
  /** Folder of the task's official TSVs or of its Parquet files. */
  readonly data: ConfigPath
  /** Folder of the tokeniser; null: the checkpoint's. */
  readonly tokenizer: ConfigPath | null
  /** How many examples from the split's start; null: all. */
  readonly examples: number | null
  readonly split: Split
}

/** The axes of repetition of analog methods; digital ones run once. */
export interface Repeat {
  /** Chips programmed from scratch. */
  readonly chips: number
  /** Reads of each chip at each time. */
  readonly reads: number
  /** Times since programming, each once, in the order written. */
  readonly times: readonly Seconds[]
}

export interface Calibration {
  readonly split: Split
  readonly examples: number
  /** Input vectors of each layer, at most, that a compensation with offsets is fitted on. */
  readonly vectors: number
}

export type JsonObject = { readonly [key: string]: Json }
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const sweepCombinations = ['crossed', 'zipped'] as const
export type SweepCombination = (typeof sweepCombinations)[number]

/** Settings to be tried: dotted keys of the config as written, each with its values. */
export interface Sweep {
  /** Every value with every other, or the first of each, the second of each, ... */
  readonly combine: SweepCombination
  /** Sorted by key; values not decoded yet. */
  readonly axes: readonly { readonly key: string; readonly values: readonly Json[] }[]
}

export interface Config {
  readonly schema: 1
  readonly name: string
  /** In [0, 2^53). */
  readonly seed: number
  readonly tasks: readonly TaskSource[]
  readonly hardware: Hardware
  readonly repeat: Repeat
  readonly calibration: Calibration
  readonly methods: readonly Method[]
  readonly sweep: Sweep | null
  readonly train: Training | null
}

/** The chip that a method of this config runs on. */
export const hardwareOf = (config: Pick<Config, 'hardware'>, method: AnalogMethod): Hardware =>
  overridden(config.hardware, method.hardware)
