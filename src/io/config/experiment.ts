/**
 * The shape of a whole config, put together from its parts.
 * Not here: files (`config.ts`), and whether this version can run it (domain/experiment/available.ts).
 */
import { resolve } from 'node:path'
import * as t from 'io-ts/lib/index.js'
import type { Calibration, Config, Json, Repeat, TaskSource } from '../../domain/experiment/config.js'
import { seconds } from '../../domain/experiment/duration.js'
import { defaultHardware } from '../../domain/experiment/hardware.js'
import type { ConfigPath } from '../../domain/experiment/path.js'
import { limits } from '../../domain/random/addresses.js'
import { splits, taskNames } from '../../domain/tasks/task.js'
import type { Misfit } from '../decoding.js'
import { hardware } from './hardware.js'
import { methods } from './method.js'
import { defaulted, object, optional, required } from './record.js'
import { choice, constant, duration, folderName, integer, pathText } from './scalar.js'
import { list, refined, unique, type JsonSchema, type Shape } from './shape.js'
import { sweep } from './sweep.js'
import { training } from './training.js'

const pathIn = (folder: string): Shape<ConfigPath> => ({
  schema: pathText.schema,
  codec: new t.Type<ConfigPath, Json>(
    pathText.codec.name,
    (u): u is ConfigPath => typeof u === 'object' && u !== null && 'written' in u,
    (input, context) => {
      const decoded = pathText.codec.validate(input, context)
      if (decoded._tag === 'Left') return decoded
      return t.success({ written: decoded.right, resolved: resolve(folder, decoded.right) })
    },
    path => path.written,
  ),
})

const tasks = (path: Shape<ConfigPath>): Shape<readonly TaskSource[]> =>
  unique(
    list(
      'tasks',
      object<TaskSource>('a task', {
        task: required(choice(taskNames), { about: 'GLUE task.', examples: ['sst2'] }),
        checkpoint: required(path, {
          about: 'Folder of a Hugging Face RoBERTa checkpoint.',
          examples: ['models/sst2'],
        }),
        data: required(path, { about: "Folder of the task's TSVs or Parquet files.", examples: ['glue/SST-2'] }),
        tokenizer: optional(path, { about: "Folder of the tokeniser; without it, the checkpoint's." }),
        examples: optional(integer({ min: 1, max: 2 ** 31 - 1 }), {
          about: "How many examples, from the split's start; without it, all.",
          examples: [200],
        }),
        split: defaulted(choice(splits), 'dev', { about: 'Examples that are scored; "test" has no labels.' }),
      }),
      1,
    ),
    // the tables name a row by its task alone, whatever the checkpoint
    source => source.task,
    ['task'],
    'each task once (for another checkpoint, another config)',
  )

const defaultRepeat: Repeat = { chips: 3, reads: 1, times: [seconds(3600)] }

/** No more chips and reads than random numbers have addresses for. */
const repeat: Shape<Repeat> = object<Repeat>('repeat', {
  chips: defaulted(integer({ min: 1, max: limits.chip }), defaultRepeat.chips, {
    about: 'Chips, each programmed anew.',
  }),
  reads: defaulted(integer({ min: 1, max: limits.read }), defaultRepeat.reads, {
    about: 'Reads of each chip at each time.',
  }),
  times: defaulted(unique(list('times', duration, 1), String, [], 'each time once'), defaultRepeat.times, {
    about: 'Times since programming; units s, min, h, d, y (365 d).',
    examples: [['0 s', '1 h', '1 d', '1 y']],
  }),
})

const defaultCalibration: Calibration = { split: 'train', examples: 64, vectors: 256 }

const calibration: Shape<Calibration> = object<Calibration>('calibration', {
  split: defaulted(choice(splits), defaultCalibration.split, { about: 'Where calibration inputs come from.' }),
  examples: defaulted(integer({ min: 1, max: 1e6 }), defaultCalibration.examples, { about: 'How many of them.' }),
  vectors: defaulted(integer({ min: 4, max: limits.token - 1 }), defaultCalibration.vectors, {
    about: 'Input vectors of each layer, at most, that affine and moments compensation are fitted on.',
  }),
})

/** Analog methods must not be calibrated on what they are scored on. */
const apart = (config: Config): readonly Misfit[] => {
  const analog = config.methods.some(method => method.execution === 'analog')
  const scored = config.tasks.findIndex(source => source.split === config.calibration.split)
  const { split } = config.calibration
  if (!analog || scored < 0) return []
  return [
    { at: ['calibration', 'split'], expected: `another split than tasks.${scored} is scored on`, found: `"${split}"` },
  ]
}

/** An objective without times counts at the times of `repeat`. */
const filled = (config: Config): Config => ({
  ...config,
  methods: config.methods.map(method =>
    method.execution === 'analog' && method.objective.times.length === 0
      ? { ...method, objective: { ...method.objective, times: config.repeat.times } }
      : method,
  ),
})

const base = (path: Shape<ConfigPath>) => ({
  schema: required(constant(1), { about: 'Version of this vocabulary.' }),
  name: required(folderName, {
    about: 'What the experiment and, by default, its folder are called.',
    examples: ['sst2-pcm'],
  }),
  seed: required(integer({ min: 0, max: 2 ** 53 - 1 }), { about: 'Seed of every random number.', examples: [1] }),
  tasks: required(tasks(path), { about: 'What is scored.' }),
  hardware: defaulted(hardware, defaultHardware, { about: 'The chip of the analog methods.' }),
  repeat: defaulted(repeat, defaultRepeat, { about: 'Repetitions of the analog methods.' }),
  calibration: defaulted(calibration, defaultCalibration, { about: 'What ranges are chosen on.' }),
  methods: required(methods(path), { about: 'What is compared.' }),
  train: optional(training, { about: 'Hardware-aware training.' }),
})

/** The schema of a config without a sweep: what the keys of one may name. */
export const schemaWithoutSweep = (): JsonSchema =>
  object<Omit<Config, 'sweep'>>('the config', base(pathIn('/'))).schema

/** The shape of a config that lies in `folder` (absolute), from where its relative paths are taken. */
export const experiment = (folder: string): Shape<Config> => {
  const fields = base(pathIn(folder))
  const whole = refined(
    object<Config>('the config', {
      ...fields,
      sweep: optional(sweep(schemaWithoutSweep()), { about: 'Settings to be tried, by dotted key.' }),
    }),
    apart,
  )
  return {
    schema: whole.schema,
    codec: new t.Type<Config, Json>(
      whole.codec.name,
      (u): u is Config => whole.codec.is(u),
      (input, context) => {
        const decoded = whole.codec.validate(withoutSchemaLink(input), context)
        return decoded._tag === 'Left' ? decoded : t.success(filled(decoded.right))
      },
      config => whole.codec.encode(config),
    ),
  }
}

/** Editors write `$schema` at the top; it says nothing about the experiment. */
const withoutSchemaLink = (input: unknown): unknown => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
  const { $schema: link, ...rest } = input as Readonly<Record<string, unknown>> // an object, as just seen
  return typeof link === 'string' ? rest : input
}
