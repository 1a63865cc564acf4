/** A device's moments at a time, on the heap. */
import { gridSteps } from '../../domain/devices/moment-grid.js'
import type { Ptr } from '../../kernels/heap.js'
import type { Workbench } from '../workbench.js'

/** Bytes of the means, then the variances, of a grid of devices (domain/devices/moment-grid.ts), in binary64. */
export const momentGridBytes = 2 * 8 * (gridSteps + 1)

export interface MomentColumns {
  readonly mean: Float64Array
  readonly variance: Float64Array
}

export const momentColumnsAt = ({ heap }: Pick<Workbench, 'heap'>, at: Ptr): MomentColumns => ({
  mean: heap.f64(at, gridSteps + 1),
  variance: heap.f64(at + 8 * (gridSteps + 1), gridSteps + 1),
})
