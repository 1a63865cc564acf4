/** `ohmflow predict --submission`: a leaderboard file of a task's test split, from a checkpoint or on a chip of a config. */
import { resolve } from 'node:path'
import type { Config, TaskSource } from '../domain/experiment/config.js'
import { longestSeconds, type Seconds } from '../domain/experiment/duration.js'
import type { Repetition } from '../domain/experiment/plan.js'
import type { Method } from '../domain/experiment/method.js'
import { fail, Refused } from '../domain/problem.js'
import { nearest } from '../domain/spelling.js'
import { submissionOf, type Submission, type SubmissionName } from '../domain/tasks/submission.js'
import { orThrow } from '../io/fault.js'
import { openDigital } from '../pipelines/digital.js'
import { enginePool } from '../pipelines/enginePool.js'
import { readCheckedConfig } from '../pipelines/experiment/config.js'
import { prepare } from '../pipelines/experiment/workspace.js'
import { openTask } from '../pipelines/openTask.js'
import { configFor, refuseLabelled, writeSubmission, type SubmissionOptions } from '../pipelines/submission.js'
import { opening, terminalProgress } from './progress.js'
import { say } from './terminal.js'

export interface SubmissionArguments {
  readonly task: SubmissionName | undefined
  readonly checkpoint: string | undefined
  readonly tokenizer: string | undefined
  readonly data: string | undefined
  readonly config: string | undefined
  readonly method: string | undefined
  readonly chip: number | undefined
  readonly read: number | undefined
  readonly time: Seconds | undefined
  readonly out: string
  readonly workers: number | undefined
}

const place = 'command line'

const pathOf = (written: string): TaskSource['data'] => ({ written, resolved: resolve(written) })

/** @throws Failure: one of the names, or a hint which was meant */
const refuseName = (file: string, flag: string, known: readonly string[], found: string | undefined): never => {
  const meant = found === undefined ? null : nearest(found, known)
  const hint = meant === null ? '' : ` (did you mean ${JSON.stringify(meant)}?)`
  return fail(file, flag, `one of ${known.map(n => JSON.stringify(n)).join(', ')}${hint}`, found ?? 'none')
}

/** Which chip, read and time; null for a digital method. @throws Failure if it has none of that, or times to choose from */
const repetitionOf = (config: Config, method: Method, { chip, read, time }: SubmissionArguments): Repetition | null => {
  if (method.execution === 'digital') {
    if (chip !== undefined || read !== undefined || time !== undefined)
      fail(place, '--chip, --read, --time', 'a method on a chip', `"${method.name}", which is digital`)
    return null
  }
  const [only, ...others] = config.repeat.times
  const timeSeconds = time ?? (others.length === 0 ? only : undefined)
  if (timeSeconds === undefined)
    return fail(place, '--time', `the time after programming, such as "1 h" (at most ${longestSeconds} s)`, 'none')
  const { chips, reads } = config.repeat
  const within = (flag: string, value: number, count: number): number =>
    value < count ? value : fail(place, flag, `below ${count}, as in repeat of the config`, `${value}`)
  return { chip: within('--chip', chip ?? 0, chips), read: within('--read', read ?? 0, reads), timeSeconds }
}

const onChip = async (submission: Submission, given: SubmissionArguments, options: SubmissionOptions) => {
  const { config: path = '', method: name, data } = given
  const checked = await readCheckedConfig(path)()
  if (checked._tag === 'Left') throw new Refused(checked.left)
  const { config, hash, settings } = checked.right
  if (settings.all.length > 1) fail(path, 'sweep', 'none, for one file of predictions', 'one')
  const method = config.methods.find(m => m.name === name)
  const methods = config.methods.map(m => m.name)
  if (method === undefined) return refuseName(path, '--method', methods, name)
  const one = configFor(config, submission, { method: method.name, data: data === undefined ? null : pathOf(data) })
  if (one === null) return refuseName(path, 'tasks', submission.models, config.tasks.map(t => t.task).join(', '))
  if (submission.name === 'ax' && data === undefined) fail(place, '--data', 'the folder of the diagnostic set', 'none')
  const repetition = repetitionOf(config, method, given)
  const workspace = await opening(orThrow(prepare(one, hash, options.out, undefined, { as: submission.task })))
  const [open] = workspace.tasks
  if (open === undefined) throw new RangeError('no task')
  refuseLabelled(submission, open)
  const engines = enginePool(
    workspace.settings,
    { workers: given.workers ?? null, signal: options.signal },
    options.progress,
  )
  try {
    const { engine } = await engines.forUnit({ open, method, repetition })
    return await writeSubmission(submission, open, engine, options)
  } finally {
    await engines.close()
  }
}

const digital = async (submission: Submission, given: SubmissionArguments, options: SubmissionOptions) => {
  const { checkpoint, data, tokenizer, workers } = given
  if (checkpoint === undefined) return fail(place, '--checkpoint', 'a checkpoint, or --config and --method', 'neither')
  if (data === undefined) return fail(place, '--data', "the folder of the task's data", 'none')
  const source: TaskSource = {
    ...{ task: submission.models[0] ?? 'mnli', split: 'test', examples: null },
    ...{ checkpoint: pathOf(checkpoint), data: pathOf(data) },
    tokenizer: tokenizer === undefined ? null : pathOf(tokenizer),
  }
  const open = await orThrow(openTask(source, null, { as: submission.task }))
  refuseLabelled(submission, open)
  const engine = await openDigital(open.checkpoint, { workers: workers ?? null })
  try {
    return await writeSubmission(submission, open, engine, options)
  } finally {
    await engine.close()
  }
}

/** @throws Failure, Refused or Interrupted (in the promise) */
export const submit = async (given: SubmissionArguments, signal: AbortSignal): Promise<void> => {
  if (given.task === undefined) return fail(place, '--task', 'the task that is submitted, such as sst2', 'none')
  const withConfig = given.config !== undefined
  const excluded = withConfig ? (['checkpoint', 'tokenizer'] as const) : (['method', 'chip', 'read', 'time'] as const)
  for (const key of excluded)
    if (given[key] !== undefined)
      fail(place, `--${key}`, withConfig ? 'none beside --config, which names it' : '--config beside it', 'one')
  const submission = submissionOf(given.task)
  const progress = terminalProgress()
  try {
    const options = { out: given.out, progress, signal }
    const { path, rows } = await (withConfig ? onChip : digital)(submission, given, options)
    if (rows !== submission.examples)
      say(`${path}: ${rows} rows; the leaderboard takes ${submission.examples}, one for each of GLUE's test examples`)
    say(`  ${path}`)
  } finally {
    progress.close()
  }
}
