/**
 * Layer normalisation over the last axis (Ba et al. 2016), variance in two passes, sums in the order of lanes.ts.
 * Not modelled: running statistics, other axes.
 */
import { foldSum, lanes } from './lanes.js'

const { fround } = Math

/**
 * y = (x - mean) * (1 / sqrt(variance + epsilon)) * gain + bias, each operation rounded, in this order.
 * @param y,x [rows, width], may be the same. @param gain,bias [width].
 */
export const layerNormInto = (
  y: Float32Array,
  x: Float32Array,
  gain: Float32Array,
  bias: Float32Array,
  rows: number,
  width: number,
  epsilon: number,
): void => {
  const sums = new Float32Array(lanes)
  for (let row = 0; row < rows; row++) {
    const at = row * width
    sums.fill(0)
    for (let i = 0; i < width; i++) sums[i % lanes] = fround((sums[i % lanes] ?? 0) + (x[at + i] ?? 0))
    const mean = fround(foldSum(sums) / width)
    sums.fill(0)
    for (let i = 0; i < width; i++) {
      const d = fround((x[at + i] ?? 0) - mean)
      sums[i % lanes] = fround((sums[i % lanes] ?? 0) + fround(d * d))
    }
    const variance = fround(foldSum(sums) / width)
    const scale = fround(1 / fround(Math.sqrt(fround(variance + fround(epsilon)))))
    for (let i = 0; i < width; i++) {
      const d = fround(fround((x[at + i] ?? 0) - mean) * scale)
      y[at + i] = fround(fround(d * (gain[i] ?? 0)) + (bias[i] ?? 0))
    }
  }
}
