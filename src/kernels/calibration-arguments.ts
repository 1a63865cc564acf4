/** The words of each call of a calibration kernel, in the order of the C struct of the same name (arguments.ts). */
import type { EncodersOf } from './arguments.js'
import type { CalibrationKernels } from './calibration.js'

/** In the order of list.h. */
export const calibrationEncoders: EncodersOf<CalibrationKernels> = {
  square: ({ u32 }, a) => u32.set([a.y, a.x, a.length]),
  countMagnitudes: ({ u32 }, { bins, ...a }) =>
    u32.set([a.counts, a.x, a.rows, a.columns, a.xRowStep, bins.mantissaBits, bins.count]),
  weighMagnitudes: ({ u32 }, { bins, ...a }) =>
    u32.set([a.slots, a.x, a.weights, a.rows, a.columns, a.xRowStep, bins.mantissaBits, bins.count]),
  addToTails: ({ u32 }, a) => u32.set([a.slots, a.tops, a.x, a.weights, a.rows, a.columns, a.xRowStep]),
  // One after the other: there are many calls, and short ones.
  pairSums: ({ u32, f64 }, a) => {
    f64[0] = a.steps / a.fullScale
    u32[2] = a.y
    u32[3] = a.weights
    u32[4] = a.energies
    u32[5] = a.shares
    u32[6] = a.mean
    u32[7] = a.variance
    u32[8] = a.rows
    u32[9] = a.steps
  },
}
