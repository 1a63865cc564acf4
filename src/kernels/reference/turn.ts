/**
 * Sine and cosine of a fraction of a turn, sin(2 pi u) and cos(2 pi u), in binary32: the reduction to an eighth of a
 * turn is exact. Largest error in [0, 1]: 1.6 ulp (bench/accuracy.mts). Not modelled: |u| >= 2^20 (some number, the same on every path).
 */
import { bitsOf, roundingMagic } from './float32.js'

const { fround } = Math
const twoPi = fround(6.283185307179586)
/** 2 pi - twoPi. */
const twoPiLow = fround(-1.7484555e-7)
/** (sin(2 pi r)/r - 2 pi) / r^2 in r^2 on [0, 1/64]: 5e-12. */
const s0 = fround(-41.34170150756836)
const s1 = fround(81.60520935058594)
const s2 = fround(-76.69837951660156)
const s3 = fround(41.48757553100586)
/** (cos(2 pi r) - 1) / r^2 in r^2 there: 5e-11. */
const c0 = fround(-19.739208221435547)
const c1 = fround(64.93932342529297)
const c2 = fround(-85.44374084472656)
const c3 = fround(59.24596405029297)

/** [sin(2 pi u), cos(2 pi u)]; both NaN if u is NaN or infinite. */
export const turn = (u: number): readonly [sine: number, cosine: number] => {
  const z = fround(u)
  const shifted = fround(fround(z * 4) + roundingMagic)
  const q = fround(shifted - roundingMagic)
  const r = fround(z - fround(q * 0.25))
  const t = fround(r * r)
  let p = fround(fround(s3 * t) + s2)
  p = fround(fround(p * t) + s1)
  p = fround(fround(p * t) + s0)
  p = fround(fround(p * t) + twoPiLow)
  const sine = fround(fround(p * r) + fround(twoPi * r))
  let c = fround(fround(c3 * t) + c2)
  c = fround(fround(c * t) + c1)
  c = fround(fround(c * t) + c0)
  const cosine = fround(fround(c * t) + 1)
  // The last bits of the shifted number are the quarter turn.
  switch (bitsOf(shifted) & 3) {
    case 0:
      return [sine, cosine]
    case 1:
      return [cosine, -sine]
    case 2:
      return [-sine, -cosine]
    default:
      return [-cosine, sine]
  }
}
