/**
 * The gradient of layer-norm.ts. With d = (x - mean) s and g = dy gain: dx = s (g - mean g - d mean(g d)), and what the
 * gain's gradient sums over tokens, dy d. Not modelled: the sums over tokens (column-sums.ts).
 */
import { foldSum, lanes } from './lanes.js'
import { normalisation } from './layer-norm.js'

const { fround } = Math

/** @param dx,products,dy,x [rows, width]; only dy and x are read. @param gain [width]. */
export const layerNormGradientInto = (
  dx: Float32Array,
  products: Float32Array,
  dy: Float32Array,
  x: Float32Array,
  gain: Float32Array,
  rows: number,
  epsilon: number,
): void => {
  const width = gain.length
  const sums = new Float32Array(lanes)
  const slopes = new Float32Array(lanes)
  for (let row = 0; row < rows; row++) {
    const at = row * width
    const { mean, scale } = normalisation(x.subarray(at, at + width), epsilon)
    const normalised = (i: number): number => fround(fround((x[at + i] ?? 0) - mean) * scale)
    const weighted = (i: number): number => fround((dy[at + i] ?? 0) * (gain[i] ?? 0))
    sums.fill(0)
    slopes.fill(0)
    for (let i = 0; i < width; i++) {
      sums[i % lanes] = fround((sums[i % lanes] ?? 0) + weighted(i))
      slopes[i % lanes] = fround((slopes[i % lanes] ?? 0) + fround(weighted(i) * normalised(i)))
    }
    const level = fround(foldSum(sums) / width)
    const slope = fround(foldSum(slopes) / width)
    for (let i = 0; i < width; i++) {
      const d = normalised(i)
      dx[at + i] = fround(scale * fround(fround(weighted(i) - level) - fround(d * slope)))
      products[at + i] = fround((dy[at + i] ?? 0) * d)
    }
  }
}
