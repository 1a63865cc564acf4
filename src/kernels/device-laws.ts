/**
 * A device's curves as the kernels take them: in units of g_max, the scales of its noise sources folded in.
 * Not here: the constants (domain/devices/constants.ts), the arithmetic (reference/law.ts).
 */
import { ageOf } from '../domain/devices/characterised.js'
import type { Characterisation } from '../domain/devices/constants.js'
import type { Fit, Piece } from '../domain/devices/fit.js'
import type { NoiseScales } from '../domain/experiment/hardware.js'
import type { Cubic, DeviceLaws, Law } from './reference/law.js'

const unfit = (fit: Fit): RangeError =>
  new RangeError(
    `"fit" expected lines, a polynomial up to the third degree, or a logarithm or power, alone or below such a polynomial, ` +
      `got ${fit.pieces.map(p => p.form).join(', ')}`,
  )

const cubicOf = (fit: Fit, piece: Piece, factor: number): Cubic => {
  if (piece.form !== 'polynomial' || piece.coefficients.length > 4) throw unfit(fit)
  const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = piece.coefficients.map(c => c * factor)
  return [c0, c1, c2, c3]
}

/** The fit times a factor >= 0. @throws RangeError for a fit no kernel evaluates. */
export const lawOf = (fit: Fit, factor: number): Law => {
  const [piece, upper, ...more] = fit.pieces
  if (piece === undefined || more.length > 0) throw unfit(fit)
  if (factor === 0) return { form: 'cubic', cubic: [0, 0, 0, 0] }
  const above = upper === undefined ? {} : { above: { threshold: piece.below, cubic: cubicOf(fit, upper, factor) } }
  switch (piece.form) {
    case 'logarithm': {
      const [a, b, low, high] = [piece.slope, piece.intercept, piece.low, piece.high].map(x => x * factor)
      return { form: 'logarithm', a: a ?? 0, b: b ?? 0, low: low ?? 0, high: high ?? 0, ...above }
    }
    case 'power': {
      const shift = Math.log(factor)
      const [b, high] = [Math.log(piece.factor) + shift, Math.log(piece.high) + shift]
      return { form: 'power', a: piece.exponent, b, low: -Infinity, high, ...above }
    }
    case 'polynomial':
      if (upper !== undefined) throw unfit(fit)
      return { form: 'cubic', cubic: cubicOf(fit, piece, factor) }
    case 'lines':
      if (upper !== undefined) throw unfit(fit)
      return { form: 'table', knots: piece.knots.map(([r, value]) => [r, value * factor] as const) }
  }
}

/**
 * The laws for `writeDeviceLaws`. sigma is given in µS at the characterised g_max and scales with the one in use, so that
 * relative to it nothing depends on the latter. Drift's and the read's scales stand in `momentOf`.
 */
export const deviceLaws = (c: Characterisation, scales: NoiseScales): DeviceLaws => ({
  programming: lawOf(c.programmingDeviation, scales.programming / c.gMax.value),
  driftMean: lawOf(c.driftMean, 1),
  driftDeviation: lawOf(c.driftDeviation, 1),
  read: lawOf(c.readNoise, 1),
})

/** What `readCells` takes of a moment in a chip's life: s_drift ln(t / t_0), and s_read L. @param seconds since programming */
export const momentOf = (
  c: Characterisation,
  scales: NoiseScales,
  seconds: number,
): { readonly logTime: number; readonly readScale: number } => {
  const { logTime, readSpread } = ageOf(c, seconds)
  return { logTime: scales.drift * logTime, readScale: scales.read * readSpread }
}
