/**
 * A weight as a differential pair: w in [-1, 1] of full scale is programmed as (g+, g-), both devices living on their own.
 * Not modelled: pairs that share their zero device, offset (single-device) mappings, several devices per polarity.
 */
import type { Moments } from '../devices/moments.js'
import { inRange } from '../quantity.js'

/** Target conductances [µS]: the weight's magnitude on one side, 0 on the other. @throws RangeError unless |weight| <= 1. */
export const pairTargets = (
  weight: number,
  gMaxMicroSiemens: number,
): { readonly plus: number; readonly minus: number } => {
  const target = inRange('weight', weight, -1, 1) * gMaxMicroSiemens
  return { plus: Math.max(0, target), minus: Math.max(0, -target) }
}

/**
 * Exact moments of the weight a pair yields, (g+ - g-) / g_max.
 * @param moments of one device over its target [µS], at the time of the read (a model's own, or a table's)
 */
export const pairMoments = (
  weight: number,
  gMaxMicroSiemens: number,
  moments: (targetMicroSiemens: number) => Moments,
): Moments => {
  const targets = pairTargets(weight, gMaxMicroSiemens)
  const plus = moments(targets.plus)
  const minus = moments(targets.minus)
  return {
    mean: (plus.mean - minus.mean) / gMaxMicroSiemens,
    variance: (plus.variance + minus.variance) / (gMaxMicroSiemens * gMaxMicroSiemens),
  }
}
