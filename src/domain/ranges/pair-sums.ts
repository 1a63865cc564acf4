/**
 * What a column of pairs of devices yields, summed over its rows at one time: nearly all of the time of a search for ranges
 * is spent here, so that whoever has something faster with the same bits may bring it (kernels/calibration.ts).
 * Not modelled: wires (ir-drop.ts).
 */
import type { MomentGrid } from '../devices/moment-grid.js'

/** A device's moments at one time, in units of g_max, on an even grid of targets. */
export type DeviceMoments = Pick<MomentGrid, 'mean' | 'variance'>

/** The rows of one column of a tile, each [rows]. */
export interface ColumnRows {
  /** w_i. */
  readonly weights: Float32Array
  /** A_i. */
  readonly energies: Float32Array
  /** The part of a device's variance that counts. */
  readonly shares: Float64Array
}

/**
 * With v_i what the pair of weight w_i yields at a full scale, in units of it:
 * sum A_i w_i E[v_i], sum A_i E[v_i]^2, sum A_i share_i Var[v_i]. To be looked at before the next call.
 */
export type PairSums = (rows: ColumnRows, moments: DeviceMoments, fullScale: number) => Float64Array

const sums = new Float64Array(3)

export const pairSums: PairSums = ({ weights, energies, shares }, { mean, variance }, fullScale) => {
  const steps = mean.length - 1
  const perWeight = steps / fullScale
  const idleMean = mean[0] ?? NaN
  const idleVariance = variance[0] ?? NaN
  let mixed = 0
  let square = 0
  let noise = 0
  for (let i = 0; i < weights.length; i++) {
    const a = energies[i] ?? NaN
    const w = Math.abs(weights[i] ?? NaN)
    // On the grid of targets; clipped weights lie at its end.
    const place = w * perWeight
    const inside = place < steps
    const k = inside ? place | 0 : steps - 1
    const rest = inside ? place - k : 1
    const low = mean[k] ?? NaN
    const lowVariance = variance[k] ?? NaN
    const m = low + rest * ((mean[k + 1] ?? NaN) - low) - idleMean
    const am = a * m
    mixed += am * w
    square += am * m
    noise += a * (shares[i] ?? NaN) * (lowVariance + rest * ((variance[k + 1] ?? NaN) - lowVariance) + idleVariance)
  }
  sums[0] = mixed
  sums[1] = square
  sums[2] = noise
  return sums
}
