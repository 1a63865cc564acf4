/** Tiles for the objective: Gaussian weights, inputs of a known distribution, devices at some times. */
import { deviceModel } from '../../../src/domain/devices/characterised.js'
import { momentGrid, type MomentGrid } from '../../../src/domain/devices/moment-grid.js'
import { defaultHardware } from '../../../src/domain/experiment/hardware.js'
import { stream } from '../../../src/domain/random/stream.js'
import { coarseBins, edgeOf, excessOf, weightedHistogram } from '../../../src/domain/ranges/histogram.js'
import type { TileObjective } from '../../../src/domain/ranges/objective.js'
import { normalDistribution, standardNormal } from '../../../src/domain/statistics/normal.js'

const model = deviceModel(defaultHardware.device, defaultHardware.noiseScales)
const grids = new Map<number, MomentGrid>()
export const momentsAt = (seconds: number): MomentGrid => {
  const found = grids.get(seconds) ?? momentGrid(model, seconds)
  grids.set(seconds, found)
  return found
}

/** Distribution of a positive number. */
export type Distribution = (x: number) => number
export const gaussian: Distribution = x => 2 * normalDistribution(x) - 1
export const laplace: Distribution = x => 1 - Math.exp(-x * Math.SQRT2)

/** Of magnitudes whose distribution is given, in units of `deviation`. */
export const histogramOf = (distribution: Distribution, deviation: number, weight: number) =>
  weightedHistogram(
    Float64Array.from({ length: coarseBins.count }, (_, b) => {
      const at = (bin: number): number => distribution(edgeOf(coarseBins, bin) / deviation)
      return weight * (at(b + 1) - at(b))
    }),
    b => edgeOf(coarseBins, b),
  )

export const absMaxOf = ({
  weights,
  rows,
  columns,
}: Pick<TileObjective, 'weights' | 'rows' | 'columns'>): Float32Array =>
  Float32Array.from({ length: columns }, (_, j) =>
    weights.subarray(j * rows, (j + 1) * rows).reduce((most, w) => Math.max(most, Math.abs(w)), 0),
  )

export interface Made {
  readonly rows: number
  readonly columns: number
  readonly seed?: number
  readonly inputs?: Distribution
  readonly times?: readonly number[]
  readonly change?: Partial<TileObjective>
}

/** Weights N(0, 1), one token of weight 1 whose inputs have the mean square 1. */
export const tileOf = ({
  rows,
  columns,
  seed = 1,
  inputs = gaussian,
  times = [3600],
  change = {},
}: Made): TileObjective => {
  const drawn = stream(seed, 'test of the objective')
  const weights = Float32Array.from({ length: rows * columns }, () => standardNormal(drawn))
  const energy = weights.reduce((sum, w) => sum + w * w, 0)
  return {
    ...{ rows, columns, weights, columnStep: rows },
    energies: new Float32Array(rows * columns).fill(1),
    inputs: histogramOf(inputs, 1, energy),
    masses: new Float64Array(columns).fill(1),
    excesses: Array.from({ length: columns }, (_, j) => {
      const own = weights.subarray(j * rows, (j + 1) * rows).reduce((sum, w) => sum + w * w, 0)
      return excessOf(histogramOf(gaussian, Math.sqrt(own), 1))
    }),
    converters: { dacMaxCode: 127, adcMaxCode: 127, adcBound: 10, outputNoise: 0.04 },
    times: times.map(momentsAt),
    first: momentsAt(0),
    ...{ driftCompensation: 'global', wires: null },
    ...change,
  }
}
