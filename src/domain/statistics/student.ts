/**
 * Student's t distribution with a whole number of degrees of freedom: the finite sums of M. Abramowitz and I. A. Stegun,
 * 26.7.3 and 26.7.4, and the quantile by bisection of the angle they are written in.
 * Not here: fractional degrees of freedom (Welch's test).
 */
import { integerIn } from '../quantity.js'

/** P(|T| <= sqrt(degrees) tan theta), theta in [0, pi/2]. */
const insideAngle = (theta: number, degrees: number): number => {
  const sine = Math.sin(theta)
  const square = Math.cos(theta) ** 2
  const odd = degrees % 2 === 1
  let term = odd ? Math.cos(theta) : 1
  let sum = degrees === 1 ? 0 : term
  for (let k = odd ? 3 : 2; k < degrees; k += 2) {
    term *= (square * (k - 1)) / k
    sum += term
  }
  return odd ? (2 / Math.PI) * (theta + sine * sum) : sine * sum
}

/** P(T <= t). Absolute error about 1e-15 times the degrees of freedom's root. */
export const studentDistribution = (t: number, degrees: number): number => {
  const df = integerIn('degrees of freedom', degrees, 1, 2 ** 31)
  return 0.5 + 0.5 * Math.sign(t) * insideAngle(Math.atan(Math.abs(t) / Math.sqrt(df)), df)
}

/** The t with P(|T| <= t) = confidence. @throws RangeError unless 0 < confidence < 1. */
export const studentTwoSided = (confidence: number, degrees: number): number => {
  const df = integerIn('degrees of freedom', degrees, 1, 2 ** 31)
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`"confidence" expected a number in (0, 1), got ${confidence}`)
  }
  let low = 0
  let high = Math.PI / 2
  for (let middle = 0.5 * high; middle > low && middle < high; middle = 0.5 * (low + high)) {
    if (insideAngle(middle, df) < confidence) low = middle
    else high = middle
  }
  return Math.sqrt(df) * Math.tan(low)
}
