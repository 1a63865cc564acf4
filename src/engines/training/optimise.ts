/**
 * AdamW over all tensors, and the norm of their gradients, in slices that no thread count changes: tasks for workers.
 * Decay as usual: none on biases and layer norms. Not modelled: groups of other rates.
 */
import type { AdamWStep } from '../../kernels/reference/adam-w.js'
import type { Workbench } from '../workbench.js'
import { parameterOf } from '../digital/algebra.js'
import type { TrainingParameters } from './parameters.js'

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

export const update = ({ kernels }: Workbench, parameters: TrainingParameters, u: Update): Float64Array => {
  const { at, gradient, first, second } = parameterOf(parameters.tensors, u.tensor)
  const place = (start: number): number => start + 4 * u.from
  kernels.adamW({
    ...adamWStep(u.adamW, decays(u.tensor)),
    ...{ w: place(at), g: place(gradient), m: place(first), v: place(second), length: u.length },
  })
  return new Float64Array(0)
}
