/**
 * Natural logarithm in binary32, one rounded operation after the other. Largest error: 0.82 ulp (bench/accuracy.mts).
 * Not modelled: exception flags.
 */
import { bitsOf, fromBits, ln2High, ln2Low } from './float32.js'

const { fround } = Math
const smallestNormal = 2 ** -126
/** sqrt(1/2): the mantissa is brought to [sqrt(1/2), sqrt(2)). */
const rootHalf = 0x3f3504f3
/** (log(1 + f) - f + f^2/2) / f^3 there, minimax of the relative error of the logarithm: 8e-10. */
const c0 = fround(0.3333331346511841)
const c1 = fround(-0.25000008940696716)
const c2 = fround(0.20002123713493347)
const c3 = fround(-0.16668005287647247)
const c4 = fround(0.14219453930854797)
const c5 = fround(-0.1240534633398056)
const c6 = fround(0.11888694763183594)
const c7 = fround(-0.116774782538414)
const c8 = fround(0.06747688353061676)

/** log x: -infinity at 0, NaN below. Subnormal x are exact inputs like any other. */
export const log = (x: number): number => {
  const given = fround(x)
  if (!(given >= 0)) return NaN
  if (given === 0) return -Infinity
  if (given === Infinity) return Infinity
  const tiny = given < smallestNormal
  const z = bitsOf(tiny ? fround(given * 8_388_608) : given)
  const shift = (z - rootHalf) & 0xff80_0000
  const e = tiny ? (shift >> 23) - 23 : shift >> 23
  const f = fround(fromBits(z - shift) - 1)
  const t = fround(f * f)
  let p = fround(fround(c8 * f) + c7)
  p = fround(fround(p * f) + c6)
  p = fround(fround(p * f) + c5)
  p = fround(fround(p * f) + c4)
  p = fround(fround(p * f) + c3)
  p = fround(fround(p * f) + c2)
  p = fround(fround(p * f) + c1)
  p = fround(fround(p * f) + c0)
  let y = fround(fround(f * t) * p)
  y = fround(y + fround(e * ln2Low))
  y = fround(y - fround(0.5 * t))
  return fround(fround(f + y) + fround(e * ln2High))
}
