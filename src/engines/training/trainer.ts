/**
 * Training steps on an engine: a batch is cut into groups of whole sequences, gradients are added up in the batch's order,
 * then every tensor is updated. The bytes of the weights depend neither on threads nor on groups. Not modelled: schedules,
 * epochs, evaluation.
 */
import type { Batch } from '../../domain/encoder/algebra.js'
import { fitting } from '../../domain/encoder/batch.js'
import type { Heap } from '../../kernels/heap.js'
import { parameterOf } from '../digital/algebra.js'
import type { Task, TaskEngine } from '../interpreter.js'
import type { Differentiated } from './differentiate.js'
import { linearLayers } from '../../domain/encoder/architecture.js'
import { isRange, type HardwareStep } from '../../domain/training/hardware-aware.js'
import type { Dropout } from './dropout.js'
import { observedLayers } from './divergence.js'
import { groupsOf, part, type Grouping } from './groups.js'
import { writeRanges } from './hardware/initialise.js'
import { settles } from './hardware/settle.js'
import { hardwareOf } from './hardware/weights.js'
import { checkTargets, sliceOf, type Loss } from './loss.js'
import { slicesOf, type AdamW } from './optimise.js'
import type { TrainingParameters } from './parameters.js'
import { resetTurns } from './turns.js'

export interface TrainerOptions extends Grouping {
  /** Whether values inside encoder layers are kept for the way back, or computed again: memory against time. */
  readonly keeping: 'kept' | 'recomputed'
}

export interface Trainer {
  /**
   * The gradient of the loss over a batch, in place of the last one. One at a time.
   * @param hardware the step on the hardware that the model is placed for; null: a plain step
   */
  readonly gradient: (
    batch: Batch,
    loss: Loss,
    dropout: Dropout | null,
    hardware?: HardwareStep | null,
  ) => Promise<Differentiated>
  /** What ranges start from, of a model placed for hardware: the weights as they are, and these batches. */
  readonly initialiseRanges: (batches: readonly Batch[]) => Promise<void>
  /** The first layer, in the order of the forward pass, that gives NaN or infinity in such a step; null if none does. */
  readonly divergence: (
    batch: Batch,
    dropout: Dropout | null,
    hardware?: HardwareStep | null,
  ) => Promise<{ readonly layer: string; readonly found: number } | null>
  /** The gradients of ranges that are learned, by tensor: views. */
  readonly rangeGradients: () => ReadonlyMap<string, Float32Array>
  /** Sum of squares of the gradient, by tensor; not of ranges, which are no part of the norm that is clipped. */
  readonly squaredNorms: () => Promise<ReadonlyMap<string, number>>
  /** One step of AdamW on every tensor; then weights are clipped, if they are to be. */
  readonly update: (adamW: AdamW) => Promise<void>
}

/** @param engine over the model in training. @param heap where that model lies */
export const trainer = (
  engine: TaskEngine,
  heap: Heap,
  parameters: TrainingParameters,
  options: TrainerOptions,
): Trainer => {
  const { architecture, tensors } = parameters
  const { labels, hidden, vocabulary, positions } = architecture
  const slices = slicesOf(parameters)
  const layers = linearLayers(architecture).map(({ name }) => name)

  const cleared = (name: string, rows: readonly number[]): void => {
    const { gradient } = parameterOf(tensors, name)
    for (const row of rows) heap.f32(gradient + 4 * row * hidden, hidden).fill(0)
  }
  /** Rows of the word table that the gradient may have. */
  let touched = new Set<number>()
  const clearTables = (): void => {
    cleared(
      'embeddings.word_embeddings.weight',
      [...touched].filter(id => id < vocabulary),
    )
    cleared(
      'embeddings.position_embeddings.weight',
      Array.from({ length: positions }, (_, i) => i),
    )
    touched = new Set()
  }
  /** Waits for all, so that no task is under way when one has failed. */
  const all = async (tasks: readonly Task[]): Promise<readonly Float64Array[]> => {
    const settled = await Promise.allSettled(tasks.map(task => engine.perform(task)))
    const failures = settled.flatMap(s => (s.status === 'rejected' ? [s.reason as Error] : [])) // as: tasks fail with errors
    const cause = failures.find(({ name }) => name !== 'GradientAbandoned') ?? failures[0]
    if (cause !== undefined) throw cause
    return settled.flatMap(s => (s.status === 'fulfilled' ? [s.value] : []))
  }

  const prepared = async (hardware: HardwareStep | null): Promise<void> => {
    if (hardware !== null) await all(layers.map(layer => ({ kind: 'prepare layer', layer, step: hardware })))
  }

  return {
    gradient: async (batch, loss, dropout, hardware = null) => {
      fitting(architecture, batch)
      if (batch.examples.length === 0) throw new RangeError('batch: expected at least one sequence, found none')
      checkTargets(loss, batch.offsets.length - 1, labels)
      clearTables()
      touched = new Set(batch.ids)
      resetTurns(heap, parameters.turns, tensors.size)
      await prepared(hardware)
      const groups = groupsOf(batch.offsets, options)
      const results = await all(
        groups.map((g, group) => ({
          ...{ kind: 'gradient', group, dropout, hardware, keeping: options.keeping },
          ...{ batch: part(batch, g), loss: sliceOf(loss, g.first, g.end, labels) },
        })),
      )
      if (hardware !== null && settles(hardwareOf(parameters)))
        await all(layers.map(layer => ({ kind: 'settle layer', layer })))
      const losses: number[] = []
      const logits: number[] = []
      results.forEach((result, g) => {
        const sequences = (groups[g]?.end ?? 0) - (groups[g]?.first ?? 0)
        losses.push(...result.subarray(0, sequences))
        logits.push(...result.subarray(sequences))
      })
      return { losses: Float64Array.from(losses), logits: Float32Array.from(logits) }
    },
    divergence: async (batch, dropout, hardware = null) => {
      // Settling took the factors of the line out of the disturbed weights.
      await prepared(hardware)
      const found = await all(
        groupsOf(batch.offsets, options).map(g => ({
          ...{ kind: 'find divergence', dropout, hardware },
          batch: part(batch, g),
        })),
      )
      const [first] = found
        .flatMap(([place, number]) => (place === undefined || number === undefined ? [] : [{ place, number }]))
        .toSorted((a, b) => a.place - b.place)
      return first === undefined
        ? null
        : { layer: observedLayers(architecture)[first.place] ?? '', found: first.number }
    },
    rangeGradients: () =>
      new Map(
        [...tensors].flatMap(([name, { gradient, length }]) =>
          isRange(name) ? [[name, heap.f32(gradient, length)] as const] : [],
        ),
      ),
    squaredNorms: async () => {
      const weights = slices.filter(({ tensor }) => !isRange(tensor))
      const found = await all(weights.map(slice => ({ kind: 'squared norm', ...slice })))
      const norms = new Map<string, number>()
      weights.forEach(({ tensor }, i) => norms.set(tensor, (norms.get(tensor) ?? 0) + (found[i]?.[0] ?? NaN)))
      return norms
    },
    update: async adamW => {
      await all(slices.map(slice => ({ kind: 'update', adamW, ...slice })))
      const clip = parameters.hardware?.settings.weightClip.rule ?? 'none'
      if (clip !== 'none') await all(layers.map(layer => ({ kind: 'clip layer', layer })))
    },
    initialiseRanges: async batches => {
      const { converts, learnsColumns } = hardwareOf(parameters)
      if (learnsColumns) await all(layers.map(layer => ({ kind: 'column percentiles', layer })))
      if (!converts) return
      for (const batch of batches) fitting(architecture, batch)
      writeRanges({ heap }, parameters, await all(batches.map(batch => ({ kind: 'input percentiles', batch }))))
    },
  }
}
