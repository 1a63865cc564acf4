/**
 * The least value of a function of one positive number near a start: a walk downhill by a factor until it rises again,
 * then R. P. Brent's search within (Algorithms for Minimization without Derivatives, 1973, ch. 5). No random numbers.
 * Not modelled: a global search; other minima are the caller's to start from.
 */

export interface Found {
  readonly at: number
  readonly value: number
}

const golden = 0.381966011250105
/** Evaluations within a bracket, at most. */
const most = 40

/** Between two places, the best one among them; all three are known, so that the first step is a parabola's. */
const within = (
  f: (x: number) => number,
  [low, high]: readonly [Found, Found],
  best: Found,
  tolerance: number,
): Found => {
  let [a, b] = [low.at, high.at]
  // Brent's names: x the best point, w the second, v the third; d the last step, e the one before.
  let [x, fx] = [best.at, best.value]
  const [second, third] = low.value < high.value ? [low, high] : [high, low]
  let [w, fw, v, fv] = [second.at, second.value, third.at, third.value]
  let [d, e] = [b - a, b - a]
  for (let i = 0; i < most; i++) {
    const middle = 0.5 * (a + b)
    const least = tolerance * x
    if (Math.abs(x - middle) <= 2 * least - 0.5 * (b - a)) break
    let parabolic = false
    if (Math.abs(e) > least) {
      const r = (x - w) * (fx - fv)
      const s = (x - v) * (fx - fw)
      const p0 = (x - v) * s - (x - w) * r
      const q0 = 2 * (s - r)
      const [p, q] = q0 > 0 ? [-p0, q0] : [p0, -q0]
      if (Math.abs(p) < Math.abs(0.5 * q * e) && p > q * (a - x) && p < q * (b - x)) {
        parabolic = true
        e = d
        d = p / q
        const u = x + d
        if (u - a < 2 * least || b - u < 2 * least) d = x < middle ? least : -least
      }
    }
    if (!parabolic) {
      e = x < middle ? b - x : a - x
      d = golden * e
    }
    const u = Math.abs(d) >= least ? x + d : x + (d > 0 ? least : -least)
    const fu = f(u)
    if (fu <= fx) {
      if (u < x) b = x
      else a = x
      ;[v, fv, w, fw, x, fx] = [w, fw, x, fx, u, fu]
    } else {
      if (u < x) a = u
      else b = u
      if (fu <= fw || w === x) [v, fv, w, fw] = [w, fw, u, fu]
      else if (fu <= fv || v === x || v === w) [v, fv] = [u, fu]
    }
  }
  return { at: x, value: fx }
}

/** Steps of a walk, at most. */
const farthest = 64

/**
 * @param start with its value
 * @param factor of the walk's steps, above 1
 * @param tolerance relative, of the place
 * @returns never a larger value than the start's
 */
export const descend = (f: (x: number) => number, start: Found, factor: number, tolerance: number): Found => {
  const looked = (at: number): Found => ({ at, value: f(at) })
  let best = start
  let low = looked(start.at / factor)
  let high = looked(start.at * factor)
  for (let i = 0; i < farthest && low.value < best.value; i++) {
    high = best
    best = low
    low = looked(best.at / factor)
  }
  for (let i = 0; i < farthest && high.value < best.value; i++) {
    low = best
    best = high
    high = looked(best.at * factor)
  }
  return within(f, [low, high], best, tolerance)
}
