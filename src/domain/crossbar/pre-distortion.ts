/**
 * IR drop compensated when programming: a device that should yield g where only the share u of its current reaches the ADC
 * gets the target g / u, at most g_max. u is that of the targets themselves, so they are a fixed point, found in a few rounds.
 *
 * The ladder is solved for what conducts right after programming: targets, and the mean that programming leaves in idle
 * devices. That is what is known when targets are chosen; drift lowers every conductance, and with it the drop, by about
 * the same factor: what is then over-compensated is mostly a factor that the drift compensation takes away.
 * Not modelled: programming noise in u; a weight beyond its full scale, which is clipped before.
 */
import { ladderVoltagesInto } from './ladder.js'

/** Each round leaves about the share that is dropped of the error before. */
export const preDistortionRounds = 4

/** E[max(0, xi)], xi standard normal. */
export const meanResidual = 1 / Math.sqrt(2 * Math.PI)

/** The bit lines of one column. */
export interface BitLines {
  readonly gMaxMicroSiemens: number
  /** Of one segment between neighbouring cross-points. */
  readonly wireResistanceOhm: number
  /** What a device without a target conducts, in units of g_max. */
  readonly idle: number
  /** The row at each place, the ADC's last; null: rows in their own order. */
  readonly rowOrder: ArrayLike<number> | null
}

/**
 * Targets in units of g_max, of the polarity of each weight; the other polarity's device has none.
 * @param shares weights of one column over its full scale, in [-1, 1]
 */
export const preDistorted = (
  shares: ArrayLike<number>,
  { gMaxMicroSiemens, wireResistanceOhm, idle, rowOrder }: BitLines,
  rounds = preDistortionRounds,
): Float64Array => {
  const targets = Float64Array.from(shares, Math.abs)
  const line = new Float64Array(shares.length)
  for (let round = 0; round < rounds; round++)
    for (const sign of [1, -1]) {
      const own = (i: number): boolean => sign * (shares[i] ?? NaN) > 0
      for (let i = 0; i < line.length; i++) line[i] = (own(i) ? (targets[i] ?? NaN) : idle) * gMaxMicroSiemens
      ladderVoltagesInto(line, line, wireResistanceOhm, rowOrder)
      for (let i = 0; i < line.length; i++)
        if (own(i)) targets[i] = Math.min(1, Math.abs(shares[i] ?? NaN) / (line[i] ?? NaN))
    }
  return targets
}
