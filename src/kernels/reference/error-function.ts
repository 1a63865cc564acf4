/**
 * erf in binary32, one rounded operation after the other. Largest error: 1.45 ulp (bench/accuracy.mts).
 * Not modelled: erfc of large arguments (1 - erf cancels), exception flags.
 */
import { exp } from './exponential.js'

const { fround } = Math
/** erf(x)/x - 1 in x^2 on [0, 1], minimax of the relative error: 1.2e-9. */
const s0 = fround(0.12837916612625122)
const s1 = fround(-0.3761262595653534)
const s2 = fround(0.1128358542919159)
const s3 = fround(-0.026853810995817184)
const s4 = fround(0.005188327748328447)
const s5 = fround(-0.0008010193123482168)
const s6 = fround(7.853860734030604e-5)
/** log erfc(x) on [1, 4], minimax of the absolute error of erfc: 2e-11. */
const l0 = fround(0.00018803605053108186)
const l1 = fround(-1.1295783519744873)
const l2 = fround(-0.6332198977470398)
const l3 = fround(-0.1084185391664505)
const l4 = fround(0.025208236649632454)
const l5 = fround(-0.004204554483294487)
const l6 = fround(0.0004413349961396307)
const l7 = fround(-2.1686737454729155e-5)

const small = (x: number): number => {
  const t = fround(x * x)
  let p = fround(fround(s6 * t) + s5)
  p = fround(fround(p * t) + s4)
  p = fround(fround(p * t) + s3)
  p = fround(fround(p * t) + s2)
  p = fround(fround(p * t) + s1)
  p = fround(fround(p * t) + s0)
  return fround(fround(p * x) + x)
}

const large = (magnitude: number): number => {
  const a = magnitude > 4 ? 4 : magnitude
  let p = fround(fround(l7 * a) + l6)
  p = fround(fround(p * a) + l5)
  p = fround(fround(p * a) + l4)
  p = fround(fround(p * a) + l3)
  p = fround(fround(p * a) + l2)
  p = fround(fround(p * a) + l1)
  p = fround(fround(p * a) + l0)
  return fround(1 - exp(p))
}

/** erf(x), odd, +-1 from |x| = 4 on. */
export const erf = (x: number): number => {
  const z = fround(x)
  const a = Math.abs(z)
  if (z === 0) return z
  const y = a > 1 ? large(a) : small(a)
  return z < 0 ? -y : y
}
