/**
 * One task's training: epochs of steps (gradient, clipping, AdamW), scores after each epoch, states on the way. Killed
 * anywhere it goes on from its last state with the same numbers: order, masks and rates are functions of the step.
 */
import { join } from 'node:path'
import type { Config } from '../../domain/experiment/config.js'
import { fail } from '../../domain/problem.js'
import type { EvaluationRow, StepRow } from '../../domain/tables/training.js'
import { epochBatches } from '../../domain/training/order.js'
import { learningRate } from '../../domain/training/schedule.js'
import type { TrainingSettings } from '../../domain/training/settings.js'
import { RangesUnfounded } from '../../engines/training/hardware/initialise.js'
import type { Dropout } from '../../engines/training/dropout.js'
import type { Batch } from '../../domain/encoder/algebra.js'
import type { Loss } from '../../engines/training/loss.js'
import { learnedRangesFile, type LearnedRanges } from '../../io/checkpoint/learnedRanges.js'
import { clipCoefficient, usual } from '../../engines/training/optimise.js'
import { batchOf } from '../batches.js'
import type { EngineOptions } from '../digital.js'
import { checkpointed, closed, Interrupted, unlessInterrupted } from '../interruption.js'
import type { OpenTask } from '../openTask.js'
import type { Progress } from '../progress.js'
import { badRangeGradient, badTensor, whereDiverged, whereUnfounded } from './divergence.js'
import { evaluate, evaluatedMethods } from './evaluate.js'
import { openInTraining, type ModelInTraining } from './model.js'
import { readTrainingSet, type TrainingSet } from './set.js'
import { latestState, restore, saveState, type StatePlace, type Told } from './state.js'
import { openTeacher, type Teacher } from './teacher.js'
import type { TrainingTask } from './workspace.js'

export interface LoopOptions {
  readonly config: Config
  readonly settings: TrainingSettings
  readonly engines: EngineOptions
  readonly states: StatePlace
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Steps after which a state is saved whatever the clock says; default: by the clock alone. For tests. */
  readonly saveEverySteps?: number
}

export interface Trained extends Told {
  readonly model: ModelInTraining
  /** Steps that were computed here, not found. */
  readonly computed: number
  readonly tokens: number
  /** Of those steps, evaluations and states aside. */
  readonly seconds: number
}

/** Seconds between two states at least; more if saving takes long, so that it stays within a twentieth of the time. */
const leastInterval = 10
const shareOfTime = 20

/** The targets of a batch as the model's outputs stand. */
const lossOf = ({ task, classOrder }: OpenTask, labels: readonly number[]): Loss => {
  const count = labels.length
  if (task.target.kind === 'regression') return { kind: 'mean square error', targets: Float32Array.from(labels), count }
  return { kind: 'cross entropy', labels: Int32Array.from(labels, label => classOrder.indexOf(label)), count }
}

const dropoutOf = ({ dropout, attentionDropout }: TrainingSettings, seed: number, step: number): Dropout | null =>
  dropout === 0 && attentionDropout === 0 ? null : { seed, step, hidden: dropout, attention: attentionDropout }

/** What stays the same from step to step. */
interface Course {
  readonly task: TrainingTask
  readonly set: TrainingSet
  readonly model: ModelInTraining
  readonly settings: TrainingSettings
  readonly seed: number
  /** Steps of all epochs. */
  readonly total: number
  /** The starting model, where its logits are part of the loss. */
  readonly teacher: Teacher | null
}

/** @throws Failure */
const diverged = ({ open }: TrainingTask, step: number, where: string): never =>
  fail(
    `training of ${open.source.task}`,
    `step ${step}`,
    'a finite loss and gradient (a smaller learning rate may help)',
    where,
  )

/** One step, numbered from 1, on the examples at these places of the set. @throws Failure (in the promise) if it diverges */
const takeStep = async (c: Course, step: number, places: readonly number[]): Promise<StepRow> => {
  const { task, set, model, settings } = c
  const batch = batchOf(places.map(set.sequence))
  const objective = lossOf(
    task.open,
    places.map(i => set.labels[i] ?? NaN),
  )
  const loss = c.teacher === null ? objective : { ...objective, distillation: await c.teacher.of(batch) }
  const dropout = dropoutOf(settings, c.seed, step)
  const hardware = model.hardwareAware ? { seed: c.seed, step } : null
  const { losses } = await model.trainer.gradient(batch, loss, dropout, hardware)
  const norms = await model.trainer.squaredNorms()
  const mean = losses.reduce((sum, l) => sum + l, 0) / losses.length
  const norm = Math.sqrt([...norms.values()].reduce((sum, n) => sum + n, 0))
  if (!Number.isFinite(mean) || !Number.isFinite(norm) || badRangeGradient(model) !== null)
    diverged(task, step, await whereDiverged(model, { batch, dropout, hardware }, mean, norms))
  const rate = learningRate(settings, step, c.total)
  const clip = clipCoefficient(norm, settings.gradientNorm)
  await model.trainer.update({ ...usual, step, learningRate: rate, weightDecay: settings.weightDecay, clip })
  return {
    ...{ step, epoch: Math.ceil(step / task.stepsPerEpoch), loss: mean, learning_rate: rate, gradient_norm: norm },
    ...{ examples: places.length, tokens: batch.ids.length },
  }
}

const inWords = (loss: number, rate: number): string => `loss ${loss.toFixed(4)}, rate ${rate.toExponential(1)}`

/** Seconds since. */
const since = (moment: number): number => (performance.now() - moment) / 1000

/** A training under way: what was told so far, and when it was last saved. */
const course = (c: Course, { states, progress, saveEverySteps = Infinity }: LoopOptions, found: Told) => {
  const steps: StepRow[] = [...found.steps]
  const evaluations: EvaluationRow[] = [...found.evaluations]
  let saved = steps.length
  let savedAt = performance.now()
  let savingTook = 0
  /** Loss of the last steps, smoothed. */
  let smooth = NaN

  const save = async (): Promise<void> => {
    const bad = badTensor(c.model)
    if (bad !== null)
      fail(`training of ${c.task.open.source.task}`, `step ${steps.length}`, 'finite weights after it', bad)
    const started = performance.now()
    await saveState(states, steps.length, [...c.model.tensors, ...c.model.ranges], { steps, evaluations })
    saved = steps.length
    savedAt = performance.now()
    savingTook = since(started)
  }
  return {
    steps,
    evaluations,
    save,
    /** The state after the last whole step; nothing if there is no new one or it is not fit to go on from. */
    rescue: async (): Promise<void> => {
      if (steps.length > saved && badTensor(c.model) === null) await save()
    },
    take: async (places: readonly number[]): Promise<number> => {
      const row = await takeStep(c, steps.length + 1, places)
      steps.push(row)
      smooth = Number.isNaN(smooth) ? row.loss : 0.95 * smooth + 0.05 * row.loss
      progress.advance(row.examples, row.tokens, inWords(smooth, row.learning_rate))
      const due = since(savedAt) > Math.max(leastInterval, shareOfTime * savingTook)
      if (due || steps.length - saved >= saveEverySteps) await save()
      return row.tokens
    },
  }
}

/** The rest of an epoch, from the step that is next. @returns tokens */
const restOfEpoch = async (c: Course, way: ReturnType<typeof course>, options: LoopOptions): Promise<number> => {
  const { stepsPerEpoch, open, train } = c.task
  const epoch = Math.floor(way.steps.length / stepsPerEpoch)
  const batches = epochBatches(c.set.lengths, { seed: c.seed, epoch, batch: c.settings.batch })
  const rest = batches.slice(way.steps.length % stepsPerEpoch)
  const left = rest.reduce((sum, b) => sum + b.length, 0)
  options.progress.begin(
    `${open.source.task}: epoch ${epoch + 1} of ${c.settings.epochs}${left < train.examples ? ', from where it was' : ''}`,
    left,
  )
  let tokens = 0
  for (const places of rest) {
    checkpointed(options.signal)
    tokens += await way.take(places)
  }
  options.progress.end()
  return tokens
}

/** What the model knows before it is trained, digitally; a new classifier knows nothing. */
const scoreStart = async ({ task }: Course, way: ReturnType<typeof course>, options: LoopOptions): Promise<void> => {
  if (!task.open.checkpoint.hasClassifier || way.evaluations.some(row => row.epoch === 0)) return
  const methods = evaluatedMethods(options.config).filter(m => m.execution === 'digital')
  const title = `${task.open.source.task}: before training`
  const rows = await evaluate({ ...options.config, methods }, task.open, title, options.engines, options)
  way.evaluations.unshift(...rows.map(row => ({ ...row, epoch: 0, step: 0 })))
}

const scoreEpoch = async (c: Course, way: ReturnType<typeof course>, options: LoopOptions): Promise<void> => {
  const step = way.steps.length
  const epoch = step / c.task.stepsPerEpoch
  if (way.evaluations.some(row => row.epoch === epoch)) return
  const open = { ...c.task.open, checkpoint: c.model.checkpoint, learned: livingRanges(c.model) }
  const title = `${open.source.task}: after epoch ${epoch}`
  const rows = await evaluate(options.config, open, title, options.engines, options)
  way.evaluations.push(...rows.map(row => ({ ...row, epoch, step })))
}

const interruptedAfter = ({ task, total }: Pick<Course, 'task' | 'total'>, step: number): Interrupted =>
  new Interrupted(
    `${task.open.source.task}: the state after step ${step} of ${total} is kept; the same command goes on from there`,
  )

/** All that is left of the training. */
const run = async (c: Course, way: ReturnType<typeof course>, options: LoopOptions): Promise<Trained> => {
  const found = way.steps.length
  let seconds = 0
  let tokens = 0
  try {
    await scoreStart(c, way, options)
    for (;;) {
      if (way.steps.length > 0 && way.steps.length % c.task.stepsPerEpoch === 0) await scoreEpoch(c, way, options)
      if (way.steps.length === c.total) break
      const started = performance.now()
      tokens += await restOfEpoch(c, way, options)
      seconds += since(started)
      await way.save()
    }
  } catch (error) {
    await way.rescue()
    if (!(error instanceof Interrupted)) throw error
    throw interruptedAfter(c, way.steps.length)
  }
  const { steps, evaluations } = way
  return { model: c.model, steps, evaluations, computed: steps.length - found, tokens, seconds }
}

/** Batches whose inputs ranges start from. */
const calibrationBatches = 4

const firstBatches = ({ set, seed, settings }: Course): readonly Batch[] =>
  epochBatches(set.lengths, { seed, epoch: 0, batch: settings.batch })
    .slice(0, calibrationBatches)
    .map(places => batchOf(places.map(set.sequence)))

/** What learned ranges start from; with the numbers of the first batches it can diverge as a step can. */
const startRanges = async (c: Course, signal: AbortSignal): Promise<void> => {
  try {
    await unlessInterrupted(c.model.trainer.initialiseRanges(firstBatches(c)), signal)
  } catch (error) {
    if (error instanceof Interrupted) throw interruptedAfter(c, 0)
    if (!(error instanceof RangesUnfounded)) throw error
    diverged(c.task, 1, whereUnfounded(error))
  }
}

/** The ranges as they are now, as if they lay beside the model; null if it has none. */
const livingRanges = ({ ranges, checkpoint }: ModelInTraining): LearnedRanges | null => {
  if (ranges.length === 0) return null
  const file = join(checkpoint.folder, learnedRangesFile)
  return {
    file,
    length: (layer, kind) => ranges.find(r => r.name === `${layer}.${kind}`)?.shape[0] ?? null,
    read: (layer, kind, length) => {
      const found = ranges.find(r => r.name === `${layer}.${kind}`)
      if (found?.shape[0] !== length)
        return fail(file, `${layer}.${kind}`, `${length} learned ranges`, `${found?.shape[0] ?? 'none'}`)
      return Promise.resolve(found.weights().slice())
    },
  }
}

/** @throws Failure or Interrupted (in the promise); then the model is closed */
const trained = async (
  task: TrainingTask,
  options: LoopOptions,
  set: TrainingSet,
  teacher: Teacher | null,
): Promise<Trained> => {
  const { config, settings, states, progress } = options
  const state = await latestState(states, progress.note)
  const model = await openInTraining(task.open.checkpoint, settings, config.seed, options.engines)
  try {
    const total = settings.epochs * task.stepsPerEpoch
    if (state !== null) {
      await restore(state, [...model.tensors, ...model.ranges])
      progress.note(`${task.open.source.task}: goes on after step ${state.step} of ${total}`)
    }
    const c = { task, set, model, settings, seed: config.seed, total, teacher }
    if (state === null && model.hardwareAware) await startRanges(c, options.signal)
    return await run(c, course(c, options, state ?? { steps: [], evaluations: [] }), options)
  } catch (error) {
    await closed(model, options.signal)
    throw error
  }
}

/**
 * Trains from the last state, or from the start. Whoever takes the model closes it.
 * @throws Failure or Interrupted (in the promise); the state after the last whole step is kept
 */
export const train = async (task: TrainingTask, options: LoopOptions): Promise<Trained> => {
  const set = await readTrainingSet(task.open, task.train)
  const teacher = await openTeacher(task.open, options.settings, options.engines)
  try {
    return await trained(task, options, set, teacher)
  } finally {
    await teacher?.close()
  }
}
