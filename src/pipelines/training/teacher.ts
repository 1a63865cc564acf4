/** The starting model as a teacher: its logits, digitally, computed by as many threads as the student's. */
import type { Batch } from '../../domain/encoder/algebra.js'
import { fail } from '../../domain/problem.js'
import type { TrainingSettings } from '../../domain/training/settings.js'
import type { Engine } from '../../engines/engine.js'
import { groupsOf, part, type Grouping } from '../../engines/training/groups.js'
import type { Distillation } from '../../engines/training/loss.js'
import { batchTokens } from '../batches.js'
import { openDigital, threadsOf, type EngineOptions } from '../digital.js'
import type { OpenTask } from '../openTask.js'

export interface Teacher {
  /** What the starting model says of a batch, as a part of the loss. */
  readonly of: (batch: Batch) => Promise<Distillation>
  readonly close: () => Promise<void>
}

/** Logits [sequences, labels] of a batch that an engine takes in groups. */
export const logitsInGroups = async (
  engine: Pick<Engine, 'run'>,
  batch: Batch,
  grouping: Grouping,
): Promise<Float32Array> => {
  const groups = groupsOf(batch.offsets, grouping).map(group => part(batch, group))
  const found = await Promise.all(groups.map(group => engine.run(group)))
  return Float32Array.from(found.flatMap(({ logits }) => [...logits]))
}

/**
 * Null where its logits are no part of the loss. Whoever takes it closes it.
 * @throws Failure (in the promise) if there is nothing to learn from: a new head knows nothing
 */
export const openTeacher = async (
  { checkpoint }: Pick<OpenTask, 'checkpoint'>,
  { hardwareAware }: Pick<TrainingSettings, 'hardwareAware'>,
  options: EngineOptions,
): Promise<Teacher | null> => {
  const weight = hardwareAware?.distillation ?? 0
  if (weight === 0) return null
  if (!checkpoint.hasClassifier)
    fail(checkpoint.folder, '', 'a classifier, whose logits training is to keep near ("distillation")', 'none')
  const engine = await openDigital(checkpoint, options)
  const grouping = { groups: threadsOf(engine), groupTokens: batchTokens }
  return {
    of: async batch => ({
      ...{ weight, count: batch.examples.length },
      logits: await logitsInGroups(engine, batch, grouping),
    }),
    close: engine.close,
  }
}
