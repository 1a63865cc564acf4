/**
 * The error function and its complements in double precision, by Chebyshev expansions; the tails have a scaled form.
 * Not here: the float32 kernel of the same name, and complex arguments. Method: M. M. Shepherd and J. G. Laframboise,
 * "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", Math. Comp. 36 (1981); the coefficients
 * were computed to 40 digits by Chebyshev quadrature of the functions themselves.
 */

/** Of erf(x) / x in s = 2 x^2 - 1, for |x| <= 1. */
const inside: readonly number[] = [
  0.97547693938265409598, -0.14226120510371364238, 0.010035582187599795576, -0.00057687646997674847651,
  0.000027419931252196061034, -1.1043175507344507604e-6, 3.848875542034503695e-8, -1.180858253387546697e-9,
  3.2334215826050909646e-11, -7.9910159470045487582e-13, 1.7990725113954461552e-14, -3.7186354878186926382e-16,
  7.1035990037142529712e-18, -1.2612455119155225832e-19,
]

/** Of (1 + 2x) exp(x^2) erfc(x) in t = (x - 3.75) / (x + 3.75), for x >= 0. */
const outside: readonly number[] = [
  1.1775789345674017541, -0.0045900545806464773309, -0.084249133366517915584, 0.059209939998191890498,
  -0.026658668435305752277, 0.0090749976707052650939, -0.0024131635404176081909, 0.00049077583652580863229,
  -0.000069169733025012063671, 4.1390279860730101675e-6, 7.7403830661984906686e-7, -2.1886401049234395661e-7,
  1.0764999465670910377e-8, 4.5219598112182868979e-9, -7.7544002088313511065e-10, -6.3180883408866844944e-11,
  2.8687950109306698981e-11, 1.945586854577734723e-13, -9.6546967484334389059e-13, 3.2525481481487398415e-14,
  3.3478119482068053878e-14, -1.8645628804193131015e-15, -1.2507950530688647085e-15, 7.418235256624043463e-17,
  5.0681489047961113168e-17, -2.2370566594359995974e-18, -2.187342944303017665e-18,
]

/** The Chebyshev series at x in [-1, 1], by Clenshaw's recurrence. */
export const chebyshev = (coefficients: ArrayLike<number>, x: number): number => {
  let next = 0
  let afterNext = 0
  for (let k = coefficients.length - 1; k > 0; k--) {
    const here = 2 * x * next - afterNext + (coefficients[k] ?? 0)
    afterNext = next
    next = here
  }
  return x * next - afterNext + (coefficients[0] ?? 0)
}

/** exp(-x^2 / scale) with the square taken exactly: rounding it first would cost x^2 rounding errors. */
const gaussian = (x: number, scale: number): number => {
  const high = Math.fround(x)
  return Math.exp((-high * high) / scale) * Math.exp((-(x - high) * (x + high)) / scale)
}

/** exp(x^2) erfc(x) for x >= 0: no underflow, however far in the tail. */
const scaledTail = (x: number): number =>
  x === Infinity ? 0 : chebyshev(outside, (x - 3.75) / (x + 3.75)) / (1 + 2 * x)

/** Beyond, exp(-x^2) is 0 in double precision. */
const farthest = 40

/** Relative error below 1e-15. */
export const erf = (x: number): number => {
  if (Math.abs(x) <= 1) return x * chebyshev(inside, 2 * x * x - 1)
  const size = Math.abs(x)
  return Math.sign(x) * (size > farthest ? 1 : 1 - gaussian(size, 1) * scaledTail(size))
}

/** 1 - erf(x), with relative error below 2e-15 in the tail too. */
export const erfc = (x: number): number => {
  if (x < 0.5) return 1 - erf(x)
  return x > farthest ? 0 : gaussian(x, 1) * scaledTail(x)
}

/** exp(x^2) erfc(x). Overflows below x = -26.6, as the function does. */
export const erfcx = (x: number): number => (x >= 0 ? scaledTail(x) : 2 / gaussian(x, 1) - scaledTail(-x))

/** exp(-x^2 / 2) with x squared exactly. */
export const halfGaussian = (x: number): number => (Math.abs(x) > farthest ? 0 : gaussian(x, 2))
