/**
 * The one order in which long sums are taken: 16 partial sums, element i in lane i mod 16, each lane in ascending
 * order from +0; then lanes are added in halves (l + 8, l + 4, l + 2, l + 1). Any vector width up to 16 can follow it.
 */
export const lanes = 16

/** @param sums partial sums, rounded to their element type by storing; overwritten. @returns their sum. */
export const foldSum = (sums: Float32Array | Float64Array): number => {
  for (let half = lanes / 2; half >= 1; half /= 2)
    for (let l = 0; l < half; l++) sums[l] = (sums[l] ?? 0) + (sums[l + half] ?? 0)
  return sums[0] ?? 0
}

/** As foldSum with "the later if it is greater, else the earlier" for "+": a NaN never replaces a number. */
export const foldMax = (maxima: Float32Array): number => {
  for (let half = lanes / 2; half >= 1; half /= 2)
    for (let l = 0; l < half; l++) {
      const a = maxima[l] ?? 0
      const b = maxima[l + half] ?? 0
      maxima[l] = b > a ? b : a
    }
  return maxima[0] ?? 0
}
