/**
 * A layer's weights around one step, as tasks for workers: before it clipped to full scale, disturbed and dropped on the line
 * into the copy that is computed with; after the update clipped where they are stored.
 */
import type { HardwareStep } from '../../../domain/training/hardware-aware.js'
import { deviationSteps } from '../../../domain/training/residual-noise.js'
import { trainingWeightsOrigin } from '../../../domain/random/addresses.js'
import { lineScratchBytes, type TileWeights } from '../../../kernels/hardware.js'
import { parameterOf } from '../../digital/algebra.js'
import type { Workbench } from '../../workbench.js'
import type { TrainingParameters } from '../parameters.js'
import type { HardwareLayer, HardwareModel, HardwareTile } from './model.js'

/** @throws TypeError if the model is not placed for such training */
export const hardwareOf = ({ hardware }: TrainingParameters): HardwareModel => {
  if (hardware === null) throw new TypeError('"parameters" expected a model placed for hardware-aware training')
  return hardware
}

/** Where a tile's part of a [outputs, inputs] tensor starts, in bytes. */
export const tileOffset = ({ inputs }: Pick<HardwareLayer, 'inputs'>, { rows, columns }: HardwareTile): number =>
  4 * (columns.first * inputs + rows.first)

export const tileWeights = (layer: HardwareLayer, tile: HardwareTile, tensor: number): TileWeights => ({
  w: tensor + tileOffset(layer, tile),
  ...{ rows: tile.rows.size, columns: tile.columns.size, rowStep: layer.inputs },
})

/** Multiplies y by the shares of each cell's current that reach the ADC, or divides by them. */
export const dropOnLine = (
  { kernels, scratch }: Workbench,
  { load }: HardwareModel,
  tile: HardwareTile,
  weights: TileWeights,
  y: number,
  divides: boolean,
): void =>
  scratch.within(() => {
    const room = scratch.take(lineScratchBytes(tile.rows.size))
    kernels.lineFactors({ ...weights, y, fullScales: tile.fullScales, load, divides, scratch: room })
  })

/** Task: makes a layer ready for a step. */
export interface PrepareLayer {
  readonly kind: 'prepare layer'
  readonly layer: string
  readonly step: HardwareStep
}

export const prepareLayer = (bench: Workbench, parameters: TrainingParameters, task: PrepareLayer): Float64Array => {
  const { heap, kernels, scratch } = bench
  const model = hardwareOf(parameters)
  const layer = parameterOf(model.layers, task.layer)
  const { at, used } = parameterOf(parameters.tensors, `${task.layer}.weight`)
  const { weightNoise: noise } = model.settings
  for (const tile of layer.tiles)
    scratch.within(() => {
      const weights = tileWeights(layer, tile, at)
      const columns = tile.columns.size
      if (!model.learnsColumns) kernels.columnMaxima({ ...weights, y: tile.fullScales })
      if (!model.changes) return
      const deviations = scratch.take(4 * columns)
      const [scales, of] = [heap.f32(tile.fullScales, columns), heap.f32(deviations, columns)]
      if (noise.rule !== 'constant') of.set(scales)
      else if (noise.relativeTo === 'column') scales.forEach((c, j) => (of[j] = noise.deviation * c))
      else of.fill(noise.deviation * scales.reduce((a, b) => Math.max(a, b), 0))
      const y = used + tileOffset(layer, tile)
      kernels.disturb({
        ...{ ...weights, y, fullScales: tile.fullScales, deviations },
        ...{ table: model.deviations, steps: deviationSteps, clips: model.learnsColumns },
        noise: noise.rule === 'none' ? null : trainingWeightsOrigin({ ...task.step, layer: layer.number }),
        ...{ firstRow: tile.rows.first, firstColumn: tile.columns.first },
      })
      if (model.load > 0) dropOnLine(bench, model, tile, weights, y, false)
    })
  return new Float64Array(0) // of its own: see analog/interpreter.ts
}

/** Task: clips a layer's stored weights. */
export interface ClipLayer {
  readonly kind: 'clip layer'
  readonly layer: string
}

export const clipLayer = ({ kernels }: Workbench, parameters: TrainingParameters, task: ClipLayer): Float64Array => {
  const model = hardwareOf(parameters)
  const layer = parameterOf(model.layers, task.layer)
  const { at } = parameterOf(parameters.tensors, `${task.layer}.weight`)
  const { weightClip: clip } = model.settings
  if (clip.rule !== 'none')
    for (const tile of layer.tiles)
      kernels.clipWeights({
        ...tileWeights(layer, tile, at),
        deviations: clip.rule === 'fixed' ? 0 : clip.standardDeviations,
        limit: clip.rule === 'fixed' ? clip.value : 0,
      })
  return new Float64Array(0) // of its own: see analog/interpreter.ts
}
