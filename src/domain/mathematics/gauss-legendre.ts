/**
 * Gauss-Legendre quadrature: nodes and weights by Newton's method on the Legendre polynomial, and composite integration
 * over panels whose ends the caller puts where the integrand has kinks.
 * Not here: error control; the callers' tests hold it to high-precision references.
 */

export interface QuadratureRule {
  /** In (-1, 1), ascending. */
  readonly nodes: Float64Array
  readonly weights: Float64Array
}

/** The rule of n points, exact for polynomials of degree 2n - 1. */
export const gaussLegendre = (n: number): QuadratureRule => {
  const nodes = new Float64Array(n)
  const weights = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
    let slope = 1
    for (let step = 0; step < 8; step++) {
      let value = 1
      let before = 0
      for (let k = 1; k <= n; k++) {
        const next = ((2 * k - 1) * x * value - (k - 1) * before) / k
        before = value
        value = next
      }
      slope = (n * (x * value - before)) / (x * x - 1)
      x -= value / slope
    }
    nodes[i] = x
    weights[i] = 2 / ((1 - x * x) * slope * slope)
  }
  return { nodes, weights }
}

/**
 * Cuts an interval into panels: at every given point inside it, and evenly so that none is wider than `widest`.
 * @returns the panels' ends, ascending, from `from` to `to`
 */
export const panels = (from: number, to: number, cuts: readonly number[], widest: number): readonly number[] => {
  const ends = [from, ...cuts.filter(c => c > from && c < to).sort((a, b) => a - b), to]
  return [
    ...ends.slice(0, -1).flatMap((start, i) => {
      const width = (ends[i + 1] ?? to) - start
      const pieces = Math.max(1, Math.ceil(width / widest))
      return Array.from({ length: pieces }, (_, k) => start + (k * width) / pieces)
    }),
    to,
  ]
}
