/**
 * AdamW over all tensors, and the norm of their gradients, in slices that no thread count changes: tasks for workers.
 * Decay as usual: none on biases and layer norms. Ranges move in proportion to themselves, at their own rate, so that they
 * stay positive and a rate means the same for all of them. Not modelled: other groups of other rates.
 */
import { isRange } from '../../domain/training/hardware-aware.js'
import type { AdamWStep } from '../../kernels/reference/adam-w.js'
import type { Workbench } from '../workbench.js'
import { parameterOf } from '../digital/algebra.js'
import type { Tensor, TrainingParameters } from './parameters.js'

/** Numbers of one slice: a task of some milliseconds. */
export const sliceLength = 2 ** 22

export interface Slice {
  readonly tensor: string
  readonly from: number
  readonly length: number
}

/** All tensors, in their order, in slices. */
export const slicesOf = ({ tensors }: TrainingParameters): readonly Slice[] =>
  [...tensors].flatMap(([tensor, { length }]) =>
    Array.from({ length: Math.ceil(length / sliceLength) }, (_, i) => {
      const from = i * sliceLength
      return { tensor, from, length: Math.min(sliceLength, length - from) }
    }),
  )

/** Task: the sum of squares of a slice of the gradient, in binary64 in a fixed order. */
export interface SquaredNorm extends Slice {
  readonly kind: 'squared norm'
}

export const squaredNorm = ({ heap, kernels, scratch }: Workbench, parameters: TrainingParameters, s: SquaredNorm) =>
  scratch.within(() => {
    const at = parameterOf(parameters.tensors, s.tensor).gradient + 4 * s.from
    const y = scratch.take(8)
    kernels.dot({ y, a: at, b: at, length: s.length })
    return heap.f64(y, 1).slice()
  })

/** Constants of AdamW for one step. */
export interface AdamW {
  /** Counted from 1. */
  readonly step: number
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
  readonly weightDecay: number
  /** What gradients are multiplied by first: clipCoefficient. */
  readonly clip: number
}

/** AdamW's usual constants. */
export const usual = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const

/** What a gradient of this norm is multiplied by so that it is at most `most`; null: no limit. As in PyTorch's clip_grad_norm_. */
export const clipCoefficient = (norm: number, most: number | null): number =>
  most === null ? 1 : Math.min(1, most / (norm + 1e-6))

/** Whether weight decay applies to a tensor. */
export const decays = (tensor: string): boolean => tensor.endsWith('.weight') && !tensor.includes('LayerNorm')

export const adamWStep = (a: AdamW, decayed: boolean): AdamWStep => ({
  ...{ clip: a.clip, beta1: a.beta1, rest1: 1 - a.beta1, beta2: a.beta2, rest2: 1 - a.beta2 },
  root: 1 / Math.sqrt(1 - a.beta2 ** a.step),
  epsilon: a.epsilon,
  rate: a.learningRate / (1 - a.beta1 ** a.step),
  decay: decayed ? a.learningRate * a.weightDecay : 0,
})

/** Task: one step of AdamW on a slice. */
export interface Update extends Slice {
  readonly kind: 'update'
  readonly adamW: AdamW
}

/** Furthest a range moves in one step, of itself. */
const furthest = 0.5

/**
 * A step on a slice of ranges: x = x (1 + d), d being what AdamW would add to a number at 0, without clipping of the gradient,
 * which AdamW's step does not depend on.
 */
const updateRanges = (
  { heap, kernels, scratch }: Workbench,
  { at, gradient, first, second }: Tensor,
  { adamW, from, length }: Update,
  rangeRate: number,
): void =>
  scratch.within(() => {
    const w = scratch.take(4 * length)
    const moves = heap.f32(w, length).fill(0)
    const step = adamWStep({ ...adamW, clip: 1, learningRate: adamW.learningRate * rangeRate }, false)
    kernels.adamW({ ...step, w, g: gradient + 4 * from, m: first + 4 * from, v: second + 4 * from, length })
    const ranges = heap.f32(at + 4 * from, length)
    moves.forEach((d, i) => (ranges[i] = (ranges[i] ?? NaN) * (1 + Math.max(-furthest, Math.min(furthest, d)))))
  })

export const update = (bench: Workbench, parameters: TrainingParameters, u: Update): Float64Array => {
  const tensor = parameterOf(parameters.tensors, u.tensor)
  if (isRange(u.tensor)) {
    updateRanges(bench, tensor, u, parameters.hardware?.settings.rangeRate ?? 1)
    return new Float64Array(0)
  }
  const { at, gradient, first, second } = tensor
  const place = (start: number): number => start + 4 * u.from
  bench.kernels.adamW({
    ...adamWStep(u.adamW, decays(u.tensor)),
    ...{ w: place(at), g: place(gradient), m: place(first), v: place(second), length: u.length },
  })
  return new Float64Array(0)
}
