/**
 * e^x in binary32, one rounded operation after the other. Largest error: 0.97 ulp (bench/accuracy.mts).
 * Not modelled: exception flags.
 */
import { fromBits, ln2High, ln2Low, roundingMagic } from './float32.js'

const { fround } = Math
const log2e = fround(1.442695040888963)
/** (e^r - 1 - r) / r^2 on |r| <= ln 2 / 2, minimax of the relative error of e^r: 3e-9. */
const c0 = fround(0.4999999403953552)
const c1 = fround(0.1666651964187622)
const c2 = fround(0.04166839271783829)
const c3 = fround(0.008368780836462975)
const c4 = fround(0.001381446374580264)

/** 2^k for -126 <= k <= 127. */
const power = (k: number): number => fromBits((k + 127) << 23)

/** e^x: +0 below -104, infinity above 89 (and wherever it rounds so), NaN for NaN. */
export const exp = (x: number): number => {
  let z = fround(x)
  if (z !== z) return NaN
  z = z > 89 ? 89 : z
  z = z < -104 ? -104 : z
  const n = fround(fround(fround(z * log2e) + roundingMagic) - roundingMagic)
  const r = fround(fround(z - fround(n * ln2High)) - fround(n * ln2Low))
  let p = fround(fround(c4 * r) + c3)
  p = fround(fround(p * r) + c2)
  p = fround(fround(p * r) + c1)
  p = fround(fround(p * r) + c0)
  const e = fround(fround(fround(p * fround(r * r)) + r) + 1)
  // Two factors, so that a subnormal result is rounded once.
  const half = n >> 1
  return fround(fround(e * power(half)) * power(n - half))
}
