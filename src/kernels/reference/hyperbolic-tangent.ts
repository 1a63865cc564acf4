/**
 * tanh in binary32, one rounded operation after the other. Largest error: 1.35 ulp (bench/accuracy.mts).
 * Not modelled: exception flags.
 */
import { exp } from './exponential.js'

const { fround } = Math
/** (tanh(x)/x - 1) / x^2 in x^2 on [0, 0.4], minimax of the relative error of tanh: 5e-9. */
const c0 = fround(-0.33333277702331543)
const c1 = fround(0.13331328332424164)
const c2 = fround(-0.05372922867536545)
const c3 = fround(0.02060200832784176)
const c4 = fround(-0.0056607890874147415)
const boundary = fround(0.625)

const small = (x: number): number => {
  const t = fround(x * x)
  let p = fround(fround(c4 * t) + c3)
  p = fround(fround(p * t) + c2)
  p = fround(fround(p * t) + c1)
  p = fround(fround(p * t) + c0)
  return fround(fround(fround(p * t) * x) + x)
}

const large = (magnitude: number): number => {
  const a = magnitude > 10 ? 10 : magnitude
  return fround(1 - fround(2 / fround(exp(fround(a + a)) + 1)))
}

/** tanh(x), odd, +-1 from |x| = 10 on. */
export const tanh = (x: number): number => {
  const z = fround(x)
  const a = Math.abs(z)
  if (z === 0) return z
  const y = a > boundary ? large(a) : small(a)
  return z < 0 ? -y : y
}
