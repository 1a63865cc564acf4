/**
 * Layer normalisation over the last axis (Ba et al. 2016), variance in two passes, sums in the order of lanes.ts.
 * Not modelled: running statistics, other axes.
 */
import { foldSum, lanes } from './lanes.js'

const { fround } = Math

/** The mean of a row, and 1 / sqrt(variance + epsilon). */
export const normalisation = (
  row: Float32Array,
  epsilon: number,
): { readonly mean: number; readonly scale: number } => {
  const width = row.length
  const sums = new Float32Array(lanes)
  for (let i = 0; i < width; i++) sums[i % lanes] = fround((sums[i % lanes] ?? 0) + (row[i] ?? 0))
  const mean = fround(foldSum(sums) / width)
  sums.fill(0)
  for (let i = 0; i < width; i++) {
    const d = fround((row[i] ?? 0) - mean)
    sums[i % lanes] = fround((sums[i % lanes] ?? 0) + fround(d * d))
  }
  const variance = fround(foldSum(sums) / width)
  return { mean, scale: fround(1 / fround(Math.sqrt(fround(variance + fround(epsilon))))) }
}

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
  for (let row = 0; row < rows; row++) {
    const at = row * width
    const { mean, scale } = normalisation(x.subarray(at, at + width), epsilon)
    for (let i = 0; i < width; i++) {
      const d = fround(fround((x[at + i] ?? 0) - mean) * scale)
      y[at + i] = fround(fround(d * (gain[i] ?? 0)) + (bias[i] ?? 0))
    }
  }
}
