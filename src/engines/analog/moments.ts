/** A device's moments at a time, on the heap, and the tiles whose pairs have them. */
import { meanResidual } from '../../domain/crossbar/pre-distortion.js'
import { deviceModel } from '../../domain/devices/characterised.js'
import { gridSteps } from '../../domain/devices/moment-grid.js'
import type { Hardware } from '../../domain/experiment/hardware.js'
import { scaledWeightsInto } from '../../domain/ranges/held-weights.js'
import { wiresOf, type Programmed } from '../../domain/ranges/ir-drop.js'
import type { ColumnsOfPairs } from '../../domain/ranges/pairs.js'
import type { Ptr } from '../../kernels/heap.js'
import type { Workbench } from '../workbench.js'
import { deviceRows, loadOf, type ChipSettings, type TilePlaces } from './parameters.js'

/** Bytes of the means, then the variances, of a grid of devices (domain/devices/moment-grid.ts), in binary64. */
export const momentGridBytes = 2 * 8 * (gridSteps + 1)

export interface MomentColumns {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

/** Where they lie. @param at momentGridBytes */
export const momentPlaces = (at: Ptr): { readonly mean: Ptr; readonly variance: Ptr } => ({
  mean: at,
  variance: at + 8 * (gridSteps + 1),
})

export const momentColumnsAt = ({ heap }: Pick<Workbench, 'heap'>, at: Ptr): MomentColumns => {
  const { mean, variance } = momentPlaces(at)
  return { mean: heap.f64(mean, gridSteps + 1), variance: heap.f64(variance, gridSteps + 1) }
}

/** What programming leaves in a device without a target, in units of g_max: a mean. */
export const idleAfterProgramming = ({ device, noiseScales }: Pick<Hardware, 'device' | 'noiseScales'>): number =>
  (meanResidual * deviceModel(device, noiseScales).programmingDeviation(0)) / device.gMaxMicroSiemens

/**
 * A tile's columns as pairs whose moments are known, behind their wires where there are any. Views of the heap, but for
 * the weights of rows that are scaled.
 * @param weights f32 [outputs, inputs]: the layer's. @param moments momentGridBytes: of a device now
 */
export const pairsOnTile = (
  bench: Pick<Workbench, 'heap'>,
  { hardware }: ChipSettings,
  { inputs }: { readonly inputs: number },
  tile: TilePlaces,
  { weights, moments }: { readonly weights: Ptr; readonly moments: Ptr },
): { readonly columns: ColumnsOfPairs; readonly programmed: Programmed } => {
  const { heap } = bench
  const { rows, columns, preDistorted, rowCopies, rowScales } = tile
  const load = loadOf(hardware)
  const lines = {
    ...{ load, preDistorted },
    rowOrder: tile.rowOrder === 0 ? null : heap.u32(tile.rowOrder, deviceRows(tile)),
    rowCopies: Uint16Array.from(rowCopies.count === 0 ? [] : heap.u32(rowCopies.at, rowCopies.count)),
  }
  const own = heap.f32(weights + 4 * (columns.first * inputs + rows.first), (columns.size - 1) * inputs + rows.size)
  const held = rowScales === 0 ? own : new Float32Array(columns.size * rows.size)
  if (rowScales !== 0) scaledWeightsInto(held, own, inputs, heap.f32(rowScales, rows.size))
  return {
    columns: {
      ...{ rows: rows.size, columnStep: rowScales === 0 ? inputs : rows.size, weights: held },
      wires: load === 0 ? null : wiresOf(rows.size, lines),
    },
    programmed: [momentColumnsAt(bench, moments), load === 0 ? 0 : idleAfterProgramming(hardware)],
  }
}
