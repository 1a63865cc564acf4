/**
 * After all groups of a step: from the sums over tokens to the gradients of ranges, and of weights that were clipped, bore a
 * device's noise or lay on a resistive line. With P_j the sum of dy times residue, H_i that of the quantiser's products (linear.ts, quantiser.ts):
 *
 *     dL/dbeta = (B / A) sum_j c_j P_j + sum_i H_i        dL/dc_j = (B / A) beta P_j + sum_i dW~_ij dw~_ij/dc_j
 *
 * One layer at a time, so that nothing depends on groups. Not modelled: how IR drop follows the ranges; how a full scale that is
 * not learned follows its column's largest weight.
 */
import { columnRangesOf, inputRangesOf } from '../../../domain/training/hardware-aware.js'
import { deviationSteps } from '../../../domain/training/residual-noise.js'
import { parameterOf } from '../../digital/algebra.js'
import type { Workbench } from '../../workbench.js'
import type { TrainingParameters } from '../parameters.js'
import { adcStep, type HardwareModel } from './model.js'
import { dropOnLine, hardwareOf, tileOffset, tileWeights } from './weights.js'

/** Task: finishes the gradients of a layer. */
export interface SettleLayer {
  readonly kind: 'settle layer'
  readonly layer: string
}

/** Whether there is anything to finish. */
export const settles = ({ learnsInputs, learnsColumns, load, deviations }: HardwareModel): boolean =>
  learnsInputs || learnsColumns || load > 0 || deviations !== 0

/** Whether the noise on weights grows with their column's full scale. */
const growsWithScale = ({ settings: { weightNoise: n } }: HardwareModel): boolean =>
  n.rule === 'device' || (n.rule === 'constant' && n.relativeTo === 'column')

export const settleLayer = (bench: Workbench, parameters: TrainingParameters, task: SettleLayer): Float64Array => {
  const { heap, kernels, scratch } = bench
  const model = hardwareOf(parameters)
  const layer = parameterOf(model.layers, task.layer)
  const weight = parameterOf(parameters.tensors, `${task.layer}.weight`)
  const gradientOf = (name: string, length: number): Float32Array =>
    heap.f32(parameterOf(parameters.tensors, name).gradient, length)
  const columns = layer.tiles.reduce((sum, t) => sum + t.columns.size, 0)
  const dBeta = model.learnsInputs ? gradientOf(inputRangesOf(task.layer), layer.tiles.length) : null
  const dScales = model.learnsColumns ? gradientOf(columnRangesOf(task.layer), columns) : null
  const per = adcStep(model)
  let first = 0
  for (const tile of layer.tiles)
    scratch.within(() => {
      const [weights, offset] = [tileWeights(layer, tile, weight.at), tileOffset(layer, tile)]
      const width = tile.columns.size
      const scales = heap.f32(tile.fullScales, width)
      const sums = tile.columnSums === 0 ? new Float32Array(width) : heap.f32(tile.columnSums, width)
      if (model.load > 0) {
        dropOnLine(bench, model, tile, weights, weight.gradient + offset, false)
        dropOnLine(bench, model, tile, weights, weight.used + offset, true)
      }
      if (dBeta !== null)
        dBeta[tile.index] =
          per * sums.reduce((sum, p, j) => sum + p * (scales[j] ?? NaN), 0) +
          heap.f32(tile.rowSums, tile.rows.size).reduce((sum, h) => sum + h, 0)
      if (dScales !== null || model.deviations !== 0) {
        const y = scratch.take(4 * width)
        kernels.clipGradient({
          ...{ ...weights, y, gradient: weight.gradient + offset, fullScales: tile.fullScales },
          used: growsWithScale(model) ? weight.used + offset : 0,
          ...{ table: model.deviations, steps: deviationSteps },
        })
        const beta = heap.f32(tile.inputRange, 1)[0] ?? NaN
        if (dScales !== null)
          heap.f32(y, width).forEach((g, j) => (dScales[first + j] = g + per * beta * (sums[j] ?? NaN)))
      }
      first += width
    })
  return new Float64Array(0)
}
