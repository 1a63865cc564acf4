/**
 * A training made ready: every task of the config opened, its training set found, and the name of all it depends on.
 * Nothing is computed here.
 */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { join, resolve } from 'node:path'
import { linearLayers } from '../../domain/encoder/architecture.js'
import { hardwareOf, type Config, type Json, type TaskSource } from '../../domain/experiment/config.js'
import { asJson, executionOf, resultsRevision } from '../../domain/experiment/plan.js'
import type { Training } from '../../domain/experiment/training.js'
import { fail, type Problem } from '../../domain/problem.js'
import type { Provenance } from '../../domain/tables/table.js'
import { rangesLeft } from '../../domain/training/learned.js'
import { stepsPerEpoch } from '../../domain/training/schedule.js'
import { settingsOf, type TrainingSettings } from '../../domain/training/settings.js'
import { version } from '../../domain/version.js'
import { refuseNonFolder } from '../../io/atomicFile.js'
import { canonicalJson } from '../../io/config/canonical.js'
import { attempt, orThrow } from '../../io/fault.js'
import { learnedRangesFile } from '../../io/checkpoint/learnedRanges.js'
import { openDataset } from '../../io/glue/dataset.js'
import { sha256 } from '../../io/hash.js'
import { countExamples, openTask, type ExampleData, type OpenTask } from '../openTask.js'
import { checkLearned, learnedLength, type RangesBeside } from '../ranges.js'
import { openRangesFiles, refuseUnfitRanges } from '../savedRanges.js'
import { watched } from '../watched.js'
import { evaluatedMethods } from './evaluate.js'

/** Raised when the same training would give other numbers than before. */
export const trainingRevision = 3

export interface TrainingTask {
  /** The starting checkpoint, and what the model is scored on. */
  readonly open: OpenTask
  /** What it learns from. */
  readonly train: ExampleData
  readonly stepsPerEpoch: number
  /** SHA-256 of all that the result depends on. */
  readonly key: string
  /** Where the checkpoint will lie. */
  readonly folder: string
  /** @throws Failure (in the promise) if an input is no longer what it was. */
  readonly unchanged: () => Promise<void>
}

export interface TrainingWorkspace {
  readonly config: Config
  readonly settings: TrainingSettings
  readonly out: string
  readonly tasks: readonly TrainingTask[]
  readonly provenance: Provenance
}

export const statesFolder = (out: string): string => join(out, 'states')

/** What the scores on the way depend on: they are told by the same states. */
const evaluationOf = (config: Config, { source, saved }: Pick<OpenTask, 'source' | 'saved'>): Json => ({
  ...{ revision: resultsRevision, split: source.split, examples: source.examples },
  methods: evaluatedMethods(config).map(m => ({
    name: m.name,
    ...executionOf(config, m, null, saved.hashes),
    hardware: m.execution === 'digital' ? null : asJson(hardwareOf(config, m)),
  })),
  repeat: asJson(config.repeat),
})

/** The ranges that will lie beside the model; null if training leaves none. */
const rangesToCome = (folder: string, { checkpoint }: OpenTask, settings: TrainingSettings): RangesBeside | null => {
  const { hardwareAware } = settings
  const left = rangesLeft(settings)
  if (hardwareAware === null || left.length === 0) return null
  const layers = new Map(linearLayers(checkpoint.architecture).map(layer => [layer.name, layer]))
  return {
    file: join(folder, learnedRangesFile),
    length: (name, kind) => {
      const layer = layers.get(name)
      const there = left.includes(kind === 'input_ranges' ? 'input ranges' : 'column ranges')
      return layer === undefined || !there ? null : learnedLength(layer, hardwareAware.hardware.tile, kind)
    },
  }
}

const prepareTask = async (
  config: Config,
  training: Training,
  settings: TrainingSettings,
  source: TaskSource,
  out: string,
): Promise<TrainingTask> => {
  const folder = join(out, source.task)
  if (resolve(folder) === resolve(source.checkpoint.resolved))
    fail('command line', '--out', 'another folder than the one the starting checkpoint lies in', folder)
  const analog = config.methods.some(m => m.execution === 'analog')
  const saved = await orThrow(openRangesFiles(config))
  const open = await orThrow(openTask(source, analog ? config.calibration : null, { classifier: 'optional', saved }))
  refuseUnfitRanges(config, saved, { task: source.task, architecture: open.checkpoint.architecture })
  await checkLearned(config, { checkpoint: open.checkpoint, learned: rangesToCome(folder, open, settings) })
  const dataset = await orThrow(openDataset(open.task, source.data.resolved, 'train'))
  const files = await watched(dataset.files)
  const examples = await countExamples({ data: source.data, split: 'train', examples: training.examples }, dataset)
  if (examples === 0) fail(source.data.written, 'split train', 'examples to learn from', 'none')
  const dependsOn = {
    revision: trainingRevision,
    task: source.task,
    inputs: { ...asJson(open.inputs), train: files.hash },
    examples: training.examples,
    // Whether activations are kept changes no number.
    settings: asJson({ ...settings, activations: undefined }),
    engine: training.engine,
    seed: config.seed,
    evaluation: evaluationOf(config, open),
  }
  return {
    ...{ open, folder, key: sha256(canonicalJson(dependsOn)) },
    train: { dataset, examples },
    stepsPerEpoch: stepsPerEpoch(examples, settings.batch),
    unchanged: async () => {
      await open.unchanged()
      await files.unchanged()
    },
  }
}

/** @param training the config's `train` */
export const prepareTraining = (
  config: Config,
  training: Training,
  configHash: string,
  out: string,
): TaskEither<Problem, TrainingWorkspace> =>
  attempt(out, async () => {
    await refuseNonFolder(out)
    const settings = settingsOf(training, config.hardware)
    const tasks: TrainingTask[] = []
    for (const source of config.tasks) tasks.push(await prepareTask(config, training, settings, source, out))
    return {
      ...{ config, settings, out, tasks },
      provenance: new Map([
        ['ohmflow:version', version],
        ['ohmflow:experiment', config.name],
        ['ohmflow:config-sha256', configHash],
        ['ohmflow:seed', String(config.seed)],
        ['ohmflow:trainings', canonicalJson(tasks.map(t => ({ task: t.open.source.task, training: t.key })))],
      ]),
    }
  })
