/** Trainings small enough to be done many times: a few lines of the repository's data, its miniature models. */
import { readFileSync, writeFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isRight } from 'fp-ts/lib/Either.js'
import type { Config } from '../../../src/domain/experiment/config.js'
import { describe as message } from '../../../src/domain/problem.js'
import { tasks, type TaskName } from '../../../src/domain/tasks/task.js'
import { configHash } from '../../../src/io/config/canonical.js'
import { decodeConfig } from '../../../src/io/config/config.js'
import { orThrow } from '../../../src/io/fault.js'
import type { Progress } from '../../../src/pipelines/progress.js'
import { runTraining, type FinishedTraining, type TrainOptions } from '../../../src/pipelines/training/train.js'
import { prepareTraining, type TrainingWorkspace } from '../../../src/pipelines/training/workspace.js'
import { repository } from '../../shared.js'

const data = join(repository, 'data')

export const miniature = (task: TaskName): string => join(data, 'models', task)

/** A folder with the first lines of a task's training and development sets. */
export const fewLines = (folder: string, task: TaskName, train: number, dev: number): string => {
  const out = join(folder, `${task}-data`)
  mkdirSync(out, { recursive: true })
  for (const [split, examples] of [
    ['train', train],
    ['dev', dev],
  ] as const) {
    const { file, header } = tasks[task].tsv[split]
    const lines = readFileSync(join(data, 'glue', tasks[task].folder, file), 'utf8').split('\n')
    writeFileSync(join(out, file), `${lines.slice(0, examples + (header ? 1 : 0)).join('\n')}\n`)
  }
  return out
}

export interface Written {
  readonly folder: string
  readonly task?: TaskName
  readonly checkpoint?: string
  readonly train?: object
  readonly more?: object
}

/** A config as JSON: 24 examples to learn from, 8 to be scored on, in batches of 8. */
export const written = ({ folder, task = 'mrpc', checkpoint = miniature(task), train = {}, more = {} }: Written) => ({
  schema: 1,
  name: 'small',
  seed: 1,
  tasks: [{ task, checkpoint, data: fewLines(folder, task, 24, 8) }],
  methods: [{ name: 'digital', execution: 'digital' }],
  train: { preset: 'plain', epochs: 2, batch: 8, learningRate: 1e-3, ...train },
  ...more,
})

export const decoded = (json: unknown): Config => {
  const config = decodeConfig('c.json', '/', json)
  if (!isRight(config)) throw new Error(config.left.map(message).join('\n'))
  return config.right
}

export const prepared = (config: Config, out: string): Promise<TrainingWorkspace> => {
  if (config.train === null) throw new Error('no training')
  return orThrow(prepareTraining(config, config.train, configHash(config), out))
}

/** Remembers what is noted; `onAdvance` is called after each batch. */
export const listening = (onAdvance: () => void = () => undefined): Progress & { readonly notes: string[] } => {
  const notes: string[] = []
  return {
    ...{ notes, begin: () => undefined, advance: onAdvance, end: () => undefined, close: () => undefined },
    note: text => notes.push(text),
  }
}

export interface Training {
  readonly finished: FinishedTraining
  readonly notes: readonly string[]
}

export const training = async (config: Config, out: string, options: Partial<TrainOptions> = {}): Promise<Training> => {
  const progress = listening()
  const finished = await runTraining(await prepared(config, out), {
    engines: { workers: 0 },
    formats: ['parquet'],
    progress,
    signal: new AbortController().signal,
    ...options,
  })
  return { finished, notes: progress.notes }
}

/** All that must be the same bytes: checkpoints and tables. */
export const resultBytes = (out: string, task: TaskName = 'mrpc'): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [
      ...readdirSync(join(out, task)).map(name => join(task, name)),
      ...['training.parquet', 'evaluations.parquet', 'training.json'],
    ].map(name => [name, readFileSync(join(out, name)).toString('base64')]),
  )
