/**
 * A weighted sample of calibration vectors, of bounded size: priority sampling (Duffield, Lund, Thorup 2007). Each vector
 * of weight w gets the priority w / u, u uniform in (0, 1] by its address; the largest priorities stay, each for
 * max(w, tau), tau the largest priority left out. Sums over the sample are then unbiased, and exact while everything fits.
 * The order in which vectors are offered does not matter.
 */
import { sampleCounter } from '../random/addresses.js'
import { philox4x32 } from '../random/philox.js'

/** Numbers of a sample of at most `size` vectors, wherever they lie. */
export interface Sample {
  /** [size] each. */
  readonly priorities: Float64Array
  readonly weights: Float64Array
  /** Example and position in its sequence. */
  readonly examples: Uint32Array
  readonly tokens: Uint32Array
  /** [1] each: vectors in it, tau. */
  readonly count: Int32Array
  readonly threshold: Float64Array
}

/** In (0, 1]: of the first word of the vector's own counter. */
const uniform = (example: number, token: number): number =>
  ((philox4x32(sampleCounter({ example, token }), [0, 0])[0] ?? NaN) + 1) * 2 ** -32

/**
 * @param weight at least 0; a vector of weight 0 is never in
 * @returns where in the sample the vector goes, in place of what was there; -1: it does not stay
 */
export const offer = (s: Sample, example: number, token: number, weight: number): number => {
  if (!(weight > 0)) return -1
  const priority = weight / uniform(example, token)
  const count = s.count[0] ?? 0
  let slot = count
  if (count === s.priorities.length) {
    if (priority <= (s.threshold[0] ?? 0)) return -1
    let least = 0
    for (let k = 1; k < count; k++) if ((s.priorities[k] ?? NaN) < (s.priorities[least] ?? NaN)) least = k
    const smallest = s.priorities[least] ?? NaN
    s.threshold[0] = Math.max(s.threshold[0] ?? 0, Math.min(priority, smallest))
    if (priority <= smallest) return -1
    slot = least
  } else s.count[0] = count + 1
  s.priorities[slot] = priority
  s.weights[slot] = weight
  s.examples[slot] = example
  s.tokens[slot] = token
  return slot
}

/** Where a vector is; -1: not in the sample. */
export const slotOf = ({ examples, tokens, count }: Sample, example: number, token: number): number => {
  for (let k = 0; k < (count[0] ?? 0); k++) if (examples[k] === example && tokens[k] === token) return k
  return -1
}

/** What the vector in a slot stands for, itself being 1. */
export const standsFor = ({ weights, threshold }: Sample, slot: number): number =>
  Math.max(1, (threshold[0] ?? 0) / (weights[slot] ?? NaN))

/** The slots in use, in the order of their vectors' examples and tokens. */
export const slotsInOrder = ({ examples, tokens, count }: Sample): readonly number[] =>
  Array.from({ length: count[0] ?? 0 }, (_, k) => k).sort(
    (a, b) => (examples[a] ?? 0) - (examples[b] ?? 0) || (tokens[a] ?? 0) - (tokens[b] ?? 0),
  )
