/**
 * What a step makes smaller, and its gradient with respect to the logits: in binary32, one rounded operation after the
 * other, by the definitions of exp and log themselves. A few numbers a sequence, so there is no kernel.
 * Not modelled: label smoothing, class weights.
 */
import { exp } from '../../kernels/reference/exponential.js'
import { log } from '../../kernels/reference/logarithm.js'

const { fround } = Math

/** The distance to a teacher: weight times the mean over `count` sequences and outputs of (logit - teacher's)^2. */
export interface Distillation {
  readonly weight: number
  /** [sequences, labels]. */
  readonly logits: Float32Array
  readonly count: number
}

/** A loss, and beside it a teacher or none. */
export type Loss = Objective & { readonly distillation?: Distillation }

export type Objective =
  /** Mean over `count` sequences of -log softmax(logits)[label]. */
  | { readonly kind: 'cross entropy'; readonly labels: Int32Array; readonly count: number }
  /** Mean over `count` sequences of (logit - target)^2; one output. */
  | { readonly kind: 'mean square error'; readonly targets: Float32Array; readonly count: number }
  /** Sum of weights [sequences, labels] times logits: its gradient is the weights. */
  | { readonly kind: 'linear'; readonly weights: Float32Array }

/** gradient = (softmax(logits) - one at label) / count. @returns -log softmax(logits)[label], via log-sum-exp. */
export const crossEntropyInto = (
  gradient: Float32Array,
  logits: Float32Array,
  label: number,
  count: number,
): number => {
  const of = logits[label]
  if (of === undefined) throw new RangeError(`"label" expected an integer from 0 to ${logits.length - 1}, got ${label}`)
  const most = logits.reduce((a, b) => (b > a ? b : a), -Infinity)
  let sum = 0
  logits.forEach((z, i) => {
    const e = exp(fround(z - most))
    gradient[i] = e
    sum = fround(sum + e)
  })
  logits.forEach((_, i) => {
    const p = fround((gradient[i] ?? NaN) / sum)
    gradient[i] = fround((i === label ? fround(p - 1) : p) / count)
  })
  return fround(fround(log(sum) + most) - of)
}

/** gradient = 2 (logit - target) / count. @returns (logit - target)^2. */
export const squareErrorInto = (gradient: Float32Array, logit: number, target: number, count: number): number => {
  const d = fround(logit - target)
  gradient[0] = fround(fround(2 * d) / count)
  return fround(d * d)
}

/** gradient += its own: 2 weight (logit - teacher) / (count outputs). @returns weight times the sequence's mean square distance. */
export const distilInto = (
  gradient: Float32Array,
  logits: Float32Array,
  teacher: Float32Array,
  { weight, count }: Pick<Distillation, 'weight' | 'count'>,
): number => {
  const share = fround(weight / logits.length)
  let sum = 0
  logits.forEach((z, i) => {
    const d = fround(z - (teacher[i] ?? NaN))
    gradient[i] = fround((gradient[i] ?? NaN) + fround(fround(fround(2 * share) * d) / count))
    sum = fround(sum + fround(d * d))
  })
  return fround(share * sum)
}

/** @throws RangeError if there is not one target for each sequence, or one logit of the teacher for each of the model */
export const checkTargets = (loss: Loss, sequences: number, outputs: number): void => {
  const given = loss.kind === 'cross entropy' ? loss.labels : loss.kind === 'linear' ? loss.weights : loss.targets
  const expected = loss.kind === 'linear' ? sequences * outputs : sequences
  if (given.length !== expected) throw new RangeError(`"loss" expected ${expected} targets, got ${given.length}`)
  const teacher = loss.distillation?.logits.length ?? sequences * outputs
  if (teacher !== sequences * outputs)
    throw new RangeError(`"distillation" expected ${sequences * outputs} logits, got ${teacher}`)
}

/** The loss over some sequences of a batch. */
export const sliceOf = ({ distillation: d, ...loss }: Loss, first: number, end: number, outputs: number): Loss => ({
  ...objectiveOf(loss, first, end, outputs),
  ...(d === undefined ? {} : { distillation: { ...d, logits: d.logits.slice(first * outputs, end * outputs) } }),
})

const objectiveOf = (loss: Objective, first: number, end: number, outputs: number): Objective => {
  switch (loss.kind) {
    case 'cross entropy':
      return { ...loss, labels: loss.labels.slice(first, end) }
    case 'mean square error':
      return { ...loss, targets: loss.targets.slice(first, end) }
    case 'linear':
      return { ...loss, weights: loss.weights.slice(first * outputs, end * outputs) }
  }
}

/**
 * Gradients of all logits [sequences, outputs]. @returns each sequence's own loss, before it is divided by `count`.
 * @throws RangeError if a label is no output, or sequences and targets differ in number
 */
export const lossInto = (gradient: Float32Array, logits: Float32Array, outputs: number, loss: Loss): Float64Array => {
  const sequences = logits.length / outputs
  const row = (numbers: Float32Array, s: number): Float32Array => numbers.subarray(s * outputs, (s + 1) * outputs)
  checkTargets(loss, sequences, outputs)
  if (loss.kind === 'mean square error' && outputs !== 1)
    throw new RangeError(`"mean square error" expected a model of one output, got ${outputs}`)
  const objective = (s: number): number => {
    switch (loss.kind) {
      case 'cross entropy':
        return crossEntropyInto(row(gradient, s), row(logits, s), loss.labels[s] ?? NaN, loss.count)
      case 'mean square error':
        return squareErrorInto(row(gradient, s), logits[s] ?? NaN, loss.targets[s] ?? NaN, loss.count)
      case 'linear':
        row(gradient, s).set(row(loss.weights, s))
        return row(logits, s).reduce((sum, z, i) => sum + z * (loss.weights[s * outputs + i] ?? NaN), 0)
    }
  }
  const { distillation: d } = loss
  return Float64Array.from({ length: sequences }, (_, s) => {
    const own = objective(s)
    return d === undefined ? own : own + distilInto(row(gradient, s), row(logits, s), row(d.logits, s), d)
  })
}
