/**
 * Which functions of the logits an error is felt in: with one output, itself; with more, the differences of each two, for
 * nothing else decides a class. Not modelled: the curvature of a loss; how near the examples are to a boundary.
 */

/**
 * Weights of the logits in each function. With K classes K - 1 functions stand for all K (K - 1) / 2 differences: for any
 * gradients, the sum of the squares over the functions is that over all pairs. (The contrasts of F. R. Helmert, scaled by
 * sqrt K: an orthonormal basis of the differences, whose squares sum to sum_a<b (g_a - g_b)^2 / K.)
 */
export const logitContrasts = (labels: number): readonly Float32Array[] => {
  if (labels === 1) return [Float32Array.of(1)]
  return Array.from({ length: labels - 1 }, (_, n) => {
    const k = n + 1
    const scale = Math.sqrt(labels / (k * (k + 1)))
    return Float32Array.from({ length: labels }, (__, a) => (a < k ? scale : a === k ? -k * scale : 0))
  })
}
