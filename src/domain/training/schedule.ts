/**
 * The learning rate over a training: it rises in equal steps to its largest value, then falls in equal steps; no step has
 * rate 0. As Hugging Face's linear schedule with warm-up, the rise one step ahead. Not modelled: restarts, cosines.
 */
import type { Schedule } from './settings.js'

/** Steps of an epoch; the last batch may be smaller. */
export const stepsPerEpoch = (examples: number, batch: number): number => Math.ceil(examples / batch)

/** Steps over which the rate rises. */
export const warmUpSteps = (total: number, warmUp: number): number => Math.ceil(total * warmUp)

/** @param step from 1 to `total` */
export const learningRate = (
  { learningRate: largest, warmUp }: Pick<Schedule, 'learningRate' | 'warmUp'>,
  step: number,
  total: number,
): number => {
  if (!(Number.isInteger(step) && step >= 1 && step <= total))
    throw new RangeError(`"step" expected an integer from 1 to ${total}, got ${step}`)
  const rising = warmUpSteps(total, warmUp)
  return step <= rising ? (largest * step) / rising : (largest * (total - step + 1)) / (total - rising)
}
