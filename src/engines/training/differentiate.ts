/**
 * One group of sequences forward and back: losses, logits, and gradients for whoever receives them. In the calling thread.
 * Not modelled: how groups are made and who computes them (trainer.ts).
 */
import type { Batch } from '../../domain/encoder/algebra.js'
import { logits } from '../../domain/encoder/roberta.js'
import { createScratch } from '../../kernels/scratch.js'
import type { Activation } from '../digital/algebra.js'
import type { Workbench } from '../workbench.js'
import { accumulating } from './accumulate.js'
import { tapeAlgebra } from './algebra.js'
import { contextOf, type Context } from './context.js'
import type { HardwareStep } from '../../domain/training/hardware-aware.js'
import type { Dropout } from './dropout.js'
import type { Receiver } from './gradients.js'
import { lossInto, type Loss } from './loss.js'
import type { TrainingParameters } from './parameters.js'
import { createTape, type Keeping } from './tape.js'
import { turnsOf } from './turns.js'

export interface Differentiated {
  /** Of each sequence, before the division by their count. */
  readonly losses: Float64Array
  /** [sequences, labels]. */
  readonly logits: Float32Array
}

export interface Differentiation {
  readonly batch: Batch
  readonly loss: Loss
  readonly dropout: Dropout | null
  /** null: a plain step; else layers must have been prepared for this step. */
  readonly hardware: HardwareStep | null
  readonly keeping: Exclude<Keeping, 'forgotten'>
}

/** @param receiver for this batch, made within its context */
export const differentiate = (
  bench: Workbench,
  parameters: TrainingParameters,
  { batch, loss, dropout, hardware, keeping }: Differentiation,
  receiver: (c: Context) => Receiver,
): Differentiated => {
  const { heap, scratch } = bench
  const { architecture } = parameters
  const aside = createScratch(heap)
  try {
    return scratch.within(() => {
      const context = contextOf(bench, aside, parameters, batch, dropout, hardware)
      const tape = createTape(context, keeping)
      const y = logits(tapeAlgebra(context, tape), architecture, batch)
      const found = heap.f32(y.at, y.rows * y.width).slice()
      const gradient = new Float32Array(found.length)
      const losses = lossInto(gradient, found, architecture.labels, loss)
      const dy = context.fresh(y.rows, y.width)
      heap.f32(dy.at, gradient.length).set(gradient)
      tape.backward(y, dy.at, receiver(context))
      return { losses, logits: found }
    })
  } finally {
    aside.close()
  }
}

/** Adds a group's gradient to the parameters' (task `gradient`). */
export interface Gradient extends Differentiation {
  readonly kind: 'gradient'
  /** Number of this group in the step: groups start in this order. */
  readonly group: number
}

/** Losses of the sequences, then their logits. If it fails, so do all groups that wait for it. */
export const addGradient = (bench: Workbench, parameters: TrainingParameters, task: Gradient): Float64Array => {
  const turns = turnsOf(bench.heap, parameters.turns, parameters.tensors.size)
  try {
    const { losses, logits: found } = differentiate(bench, parameters, task, c => accumulating(c, turns, task.group))
    return Float64Array.from([...losses, ...found])
  } catch (error) {
    turns.abandon()
    throw error
  }
}

/** Sees a linear layer: its input [rows, inputs], and the gradient of its output [rows, outputs]; both gone afterwards. */
export type ObserveLinear = (layer: string, x: Activation, dy: Activation) => void

/**
 * The gradient of one linear function of each sequence's logits with respect to every linear layer's output, token by
 * token, the last layer first. No dropout, no gradient of any parameter.
 * @param weights [sequences, labels]: of each logit in the function
 */
export const observeOutputGradients = (
  bench: Workbench,
  parameters: TrainingParameters,
  batch: Batch,
  weights: Float32Array,
  observe: ObserveLinear,
): Differentiated =>
  differentiate(
    bench,
    parameters,
    { batch, loss: { kind: 'linear', weights }, dropout: null, hardware: null, keeping: 'kept' },
    () => ({
      linear: observe,
      tiles: () => undefined,
      layerNorm: () => undefined,
      embed: () => undefined,
    }),
  )
