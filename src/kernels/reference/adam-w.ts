/**
 * One step of AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101, with the bias correction of Kingma and Ba 2015), in
 * binary32, each operation rounded. Not modelled: the schedule of the rate, AMSGrad.
 */
const { fround, sqrt } = Math

/** What all numbers of a step have in common; every one is rounded to binary32 first. */
export interface AdamWStep {
  /** What gradients are multiplied by first. */
  readonly clip: number
  readonly beta1: number
  /** 1 - beta1. */
  readonly rest1: number
  readonly beta2: number
  /** 1 - beta2. */
  readonly rest2: number
  /** 1 / sqrt(1 - beta2^t). */
  readonly root: number
  readonly epsilon: number
  /** Learning rate / (1 - beta1^t). */
  readonly rate: number
  /** Learning rate times decay; 0: none. */
  readonly decay: number
}

/**
 * g' = g clip; m = beta1 m + rest1 g'; v = beta2 v + (rest2 g') g';
 * w = w - (decay w + rate (m / (sqrt(v) root + epsilon))): decay and step are rounded into w at once.
 */
export const adamWInto = (
  w: Float32Array,
  g: Float32Array,
  m: Float32Array,
  v: Float32Array,
  step: AdamWStep,
): void => {
  const clip = fround(step.clip)
  const [beta1, rest1] = [fround(step.beta1), fround(step.rest1)]
  const [beta2, rest2] = [fround(step.beta2), fround(step.rest2)]
  const [root, epsilon] = [fround(step.root), fround(step.epsilon)]
  const [rate, decay] = [fround(step.rate), fround(step.decay)]
  for (let i = 0; i < w.length; i++) {
    const gi = fround((g[i] ?? 0) * clip)
    const mi = fround(fround(beta1 * (m[i] ?? 0)) + fround(rest1 * gi))
    const vi = fround(fround(beta2 * (v[i] ?? 0)) + fround(fround(rest2 * gi) * gi))
    const wi = w[i] ?? 0
    const step = fround(rate * fround(mi / fround(fround(fround(sqrt(vi)) * root) + epsilon)))
    m[i] = mi
    v[i] = vi
    w[i] = fround(wi - fround(fround(decay * wi) + step))
  }
}
