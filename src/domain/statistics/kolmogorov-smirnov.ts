/**
 * The Kolmogorov-Smirnov test of a sample against a continuous distribution.
 * Not here: distributions with parameters fitted to the same sample; the p-value is asymptotic, with M. A. Stephens'
 * correction (J. R. Stat. Soc. B 32, 1970), good from about 20 values on.
 */

/** Largest distance between the sample's distribution function and the given one. */
export const kolmogorovSmirnov = (sample: readonly number[], distribution: (x: number) => number): number =>
  [...sample]
    .sort((a, b) => a - b)
    .reduce((most, x, i, { length }) => {
      const p = distribution(x)
      return Math.max(most, p - i / length, (i + 1) / length - p)
    }, 0)

/** Probability of a distance at least this large if the sample does come from the distribution. */
export const kolmogorovSmirnovProbability = (distance: number, count: number): number => {
  const root = Math.sqrt(count)
  const x = (root + 0.12 + 0.11 / root) * distance
  // Below, the alternating series converges slowly, and the sum is 1 to eleven digits.
  if (x < 0.2) return 1
  let sum = 0
  for (let k = 1; k <= 20; k++) sum += 2 * (-1) ** (k - 1) * Math.exp(-2 * k * k * x * x)
  return Math.min(1, Math.max(0, sum))
}
