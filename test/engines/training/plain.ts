/** The encoder's operations as anyone would write them, in float64, for finite differences. */
import { erf } from '../../../src/domain/mathematics/error-function.js'

export type Numbers = Float64Array

export const linear = (x: Numbers, w: Numbers, b: Numbers): Numbers => {
  const inputs = w.length / b.length
  return Float64Array.from({ length: (x.length / inputs) * b.length }, (_, at) => {
    const [row, j] = [Math.floor(at / b.length), at % b.length]
    let sum = b[j] ?? NaN
    for (let i = 0; i < inputs; i++) sum += (x[row * inputs + i] ?? NaN) * (w[j * inputs + i] ?? NaN)
    return sum
  })
}

export const layerNorm = (x: Numbers, gain: Numbers, bias: Numbers, epsilon: number): Numbers => {
  const width = gain.length
  const y = new Float64Array(x.length)
  for (let at = 0; at < x.length; at += width) {
    const row = x.subarray(at, at + width)
    const mean = row.reduce((a, b) => a + b, 0) / width
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / width
    row.forEach(
      (v, i) => (y[at + i] = ((v - mean) / Math.sqrt(variance + epsilon)) * (gain[i] ?? NaN) + (bias[i] ?? NaN)),
    )
  }
  return y
}

export const gelu = (x: Numbers): Numbers => x.map(v => (v / 2) * (1 + erf(v / Math.SQRT2)))

/** What a probability is multiplied by: 0 where it is dropped. */
export type Factor = (sequence: number, head: number, query: number, key: number) => number

export const attention = (
  q: Numbers,
  k: Numbers,
  v: Numbers,
  offsets: Int32Array,
  heads: number,
  headSize: number,
  factor: Factor,
): Numbers => {
  const hidden = heads * headSize
  const y = new Float64Array(q.length)
  for (let s = 0; s + 1 < offsets.length; s++)
    for (let h = 0; h < heads; h++)
      for (let i = offsets[s] ?? 0; i < (offsets[s + 1] ?? 0); i++) {
        const start = offsets[s] ?? 0
        const scores = Array.from({ length: (offsets[s + 1] ?? 0) - start }, (_, j) => {
          let sum = 0
          for (let d = h * headSize; d < (h + 1) * headSize; d++)
            sum += (q[i * hidden + d] ?? NaN) * (k[(start + j) * hidden + d] ?? NaN)
          return Math.exp(sum / Math.sqrt(headSize))
        })
        const total = scores.reduce((a, b) => a + b, 0)
        scores.forEach((score, j) => {
          const p = (score / total) * factor(s, h, i - start, j)
          for (let d = h * headSize; d < (h + 1) * headSize; d++)
            y[i * hidden + d] = (y[i * hidden + d] ?? NaN) + p * (v[(start + j) * hidden + d] ?? NaN)
        })
      }
  return y
}

export const embed = (
  ids: Int32Array,
  places: Int32Array,
  words: Numbers,
  positions: Numbers,
  type: Numbers,
): Numbers =>
  Float64Array.from({ length: ids.length * type.length }, (_, at) => {
    const [t, i] = [Math.floor(at / type.length), at % type.length]
    return (
      (words[(ids[t] ?? NaN) * type.length + i] ?? NaN) +
      (positions[(places[t] ?? NaN) * type.length + i] ?? NaN) +
      (type[i] ?? NaN)
    )
  })

/** -log softmax(logits)[label]. */
export const crossEntropy = (logits: Numbers, label: number): number =>
  Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0)) - (logits[label] ?? NaN)

/** The gradient of sum w f(inputs) with respect to each input, by central differences. */
export const differences = (
  f: (inputs: readonly Numbers[]) => Numbers,
  inputs: readonly Numbers[],
  w: Numbers,
): readonly Numbers[] => {
  const epsilon = 1e-5
  const value = (given: readonly Numbers[]): number => f(given).reduce((sum, y, i) => sum + y * (w[i] ?? NaN), 0)
  return inputs.map((input, n) =>
    input.map((x, i) => {
      const moved = (by: number): number =>
        value(
          inputs.map((other, m) => {
            if (m !== n) return other
            const copy = other.slice()
            copy[i] = x + by
            return copy
          }),
        )
      return (moved(epsilon) - moved(-epsilon)) / (2 * epsilon)
    }),
  )
}

/** Largest difference relative to the largest expected number; absolute where all are tiny. */
export const relativeError = (found: ArrayLike<number>, expected: Numbers): number => {
  const most = expected.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3)
  return expected.reduce((worst, x, i) => Math.max(worst, Math.abs(x - (found[i] ?? NaN))), 0) / most
}
