/** Where the numbers of a training stopped being numbers: in a step, a tensor or a layer. */
import type { Batch } from '../../domain/encoder/algebra.js'
import type { HardwareStep } from '../../domain/training/hardware-aware.js'
import type { Dropout } from '../../engines/training/dropout.js'
import type { RangesUnfounded } from '../../engines/training/hardware/initialise.js'
import type { ModelInTraining } from './model.js'

const shown = (x: number): string => (Number.isNaN(x) ? 'NaN' : 'infinity')

const firstBad = (numbers: Float32Array): number | undefined => numbers.find(x => !Number.isFinite(x))

/** The first tensor, in the order of the model, its ranges last, that holds such a number; null if none does. */
export const badTensor = ({ tensors, ranges }: Pick<ModelInTraining, 'tensors' | 'ranges'>): string | null => {
  for (const { name, weights } of [...tensors, ...ranges]) {
    const bad = firstBad(weights())
    if (bad !== undefined) return `${shown(bad)} in ${name}`
  }
  return null
}

/** The last range, in the order of the model, whose gradient holds such a number: a gradient starts at the last layer. */
export const badRangeGradient = ({ trainer }: Pick<ModelInTraining, 'trainer'>): string | null => {
  for (const [name, gradient] of [...trainer.rangeGradients()].toReversed()) {
    const bad = firstBad(gradient)
    if (bad !== undefined) return `${shown(bad)} in the gradient of ${name}`
  }
  return null
}

/** Before the first step, where ranges that are learned start. */
export const whereUnfounded = ({ layer, found, of }: RangesUnfounded): string =>
  `${shown(found)} among the ${of} of ${layer}`

/** What a step computes with, beside the weights. */
export interface StepInputs {
  readonly batch: Batch
  readonly dropout: Dropout | null
  readonly hardware: HardwareStep | null
}

/** Where, as well as it can be told: in a tensor, after a layer of this step, in a tensor's gradient, in the loss. */
export const whereDiverged = async (
  model: ModelInTraining,
  { batch, dropout, hardware }: StepInputs,
  loss: number,
  squaredNorms: ReadonlyMap<string, number>,
): Promise<string> => {
  const tensor = badTensor(model)
  if (tensor !== null) return tensor
  const after = await model.trainer.divergence(batch, dropout, hardware)
  if (after !== null) return `${shown(after.found)} after ${after.layer}`
  // The last layer first: that is where a gradient starts.
  const bad = [...squaredNorms].findLast(([, norm]) => !Number.isFinite(norm))
  if (bad !== undefined) return `${shown(bad[1])} in the gradient of ${bad[0]}`
  return badRangeGradient(model) ?? `${shown(loss)} as the loss`
}
