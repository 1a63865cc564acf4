/**
 * Histograms of binary32 numbers over logarithmic bins: a bin is an exponent and the leading bits of a mantissa, so that
 * it is found by a shift, and any number of histograms of counts add up exactly. Memory does not grow with what is seen.
 * Not modelled: how numbers lie within a bin; they are taken as uniform there.
 */

/** Bins over magnitudes from 0: below 2^-32 all in the first, from 2^32 on all in the last. */
export interface Bins {
  /** Leading bits of the mantissa: 2^bits bins an octave. */
  readonly mantissaBits: number
  readonly count: number
}

const octaves = 64
/** Biased exponent of 2^-32. */
const lowest = 127 - 32

export const binsOf = (mantissaBits: number): Bins => ({ mantissaBits, count: octaves * 2 ** mantissaBits })

/** For percentiles: a magnitude is known to 1 in 512. */
export const fineBins = binsOf(9)
/** For sums over weighted magnitudes: 1 in 32. */
export const coarseBins = binsOf(5)

const magnitudeMask = 0x7fff_ffff

/** Bin of a number, whatever its sign. @param pattern its binary32 pattern, as an integer of either sign; finite */
export const binOf = ({ mantissaBits, count }: Bins, pattern: number): number => {
  const bin = ((pattern & magnitudeMask) >>> (23 - mantissaBits)) - (lowest << mantissaBits)
  return bin < 0 ? 0 : bin >= count ? count - 1 : bin
}

/** One number, and its pattern. */
const number = new Float32Array(1)
const itsPattern = new Uint32Array(number.buffer)

/** The number with this magnitude pattern. */
const numberOf = (pattern: number): number => {
  itsPattern[0] = pattern
  return number[0] ?? NaN
}

/** Where bin `bin` begins, and the one before it ends: 0 for the first. */
export const edgeOf = ({ mantissaBits }: Bins, bin: number): number =>
  bin === 0 ? 0 : numberOf(((lowest << mantissaBits) + bin) * 2 ** (23 - mantissaBits))

/**
 * The p-th percentile: the least upper edge of a bin that at least p % of the numbers do not exceed.
 * @param counts of positive numbers, or of all magnitudes, by bin
 * @param below how many numbers come before the first bin
 * @param largest of the numbers: no percentile exceeds it
 * @returns null if the percentile lies among those below; 0 of no numbers
 */
export const percentileOf = (
  bins: Bins,
  counts: ArrayLike<number>,
  p: number,
  { below = 0, largest }: { readonly below?: number; readonly largest: number },
): number | null => {
  let all = below
  for (let b = 0; b < bins.count; b++) all += counts[b] ?? 0
  if (all === 0) return 0
  const rank = Math.max(1, Math.ceil((p / 100) * all - 1e-9))
  let seen = below
  if (seen >= rank) return null
  let bin = -1
  while (seen < rank) seen += counts[++bin] ?? NaN
  return Math.min(edgeOf(bins, bin + 1), largest)
}

/** Bin of a magnitude. */
export const binAt = (bins: Bins, magnitude: number): number => {
  number[0] = magnitude
  return binOf(bins, itsPattern[0] ?? NaN)
}

/** The bins of a weighted histogram that hold anything, ascending. */
export interface WeightedHistogram {
  readonly lower: Float64Array
  readonly upper: Float64Array
  /** Sum of the weights of the magnitudes in each. */
  readonly weight: Float64Array
}

/** @param weight by bin. @param edge where a bin begins */
export const weightedHistogram = (weight: ArrayLike<number>, edge: (bin: number) => number): WeightedHistogram => {
  let count = 0
  for (let b = 0; b < weight.length; b++) if (weight[b] !== 0) count += 1
  const [lower, upper, held] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)]
  for (let b = 0, k = 0; b < weight.length; b++) {
    if (weight[b] === 0) continue
    lower[k] = edge(b)
    upper[k] = edge(b + 1)
    held[k++] = weight[b] ?? NaN
  }
  return { lower, upper, weight: held }
}

/** What a wide bin leaves to the smallest numbers in it, relative: too little to be told apart. */
const leastShare = 2 ** -20

/** Several histograms as one over `bins`: what overlaps a bin falls into it in proportion. */
export const mergedHistogram = (bins: Bins, all: readonly WeightedHistogram[]): WeightedHistogram => {
  const merged = new Float64Array(bins.count)
  const edges = Float64Array.from({ length: bins.count + 1 }, (_, b) => edgeOf(bins, b))
  for (const { lower, upper, weight } of all)
    for (let b = 0; b < weight.length; b++) {
      const [from, to, whole] = [lower[b] ?? NaN, upper[b] ?? NaN, weight[b] ?? NaN]
      let bin = binAt(bins, to)
      let left = whole
      // From the widest down.
      for (; left > leastShare * whole && bin > 0 && (edges[bin] ?? NaN) > from; bin--) {
        const part = (whole * (Math.min(to, edges[bin + 1] ?? NaN) - (edges[bin] ?? NaN))) / (to - from)
        const share = Math.max(0, Math.min(left, part))
        merged[bin] = (merged[bin] ?? NaN) + share
        left -= share
      }
      merged[bin] = (merged[bin] ?? NaN) + left
    }
  return weightedHistogram(merged, bin => edges[bin] ?? NaN)
}

/** Sum over the histogram of weight (|x| - threshold)^2 where |x| is beyond the threshold. */
export type Excess = (threshold: number) => number

/** The first bin that reaches beyond a threshold; their number if none does. */
const firstBeyond = (upper: Float64Array, threshold: number): number => {
  let low = 0
  let high = upper.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((upper[middle] ?? NaN) > threshold) high = middle
    else low = middle + 1
  }
  return low
}

/** Suffix sums make one evaluation cost a search among the bins. */
export const excessOf = ({ lower, upper, weight }: WeightedHistogram): Excess => {
  const n = weight.length
  // Of the bins from b on: the sums of w, w x and w x^2.
  const [mass, first, second] = [new Float64Array(n + 1), new Float64Array(n + 1), new Float64Array(n + 1)]
  for (let b = n - 1; b >= 0; b--) {
    const [a, z, w] = [lower[b] ?? NaN, upper[b] ?? NaN, weight[b] ?? NaN]
    mass[b] = (mass[b + 1] ?? NaN) + w
    first[b] = (first[b + 1] ?? NaN) + (w * (a + z)) / 2
    second[b] = (second[b + 1] ?? NaN) + (w * (a * a + a * z + z * z)) / 3
  }
  return threshold => {
    const low = firstBeyond(upper, threshold)
    if (low === n) return 0
    const start = lower[low] ?? NaN
    let part = 0
    let from = low
    if (start < threshold) {
      const end = upper[low] ?? NaN
      part = ((weight[low] ?? NaN) * (end - threshold) ** 3) / (3 * (end - start))
      from = low + 1
    }
    const rest = (second[from] ?? NaN) - threshold * (2 * (first[from] ?? NaN) - threshold * (mass[from] ?? NaN))
    return part + Math.max(0, rest)
  }
}

/** Sum of the weights beyond a threshold. */
export const massOf = ({ lower, upper, weight }: WeightedHistogram): Excess => {
  const n = weight.length
  const mass = new Float64Array(n + 1)
  for (let b = n - 1; b >= 0; b--) mass[b] = (mass[b + 1] ?? NaN) + (weight[b] ?? NaN)
  return threshold => {
    const low = firstBeyond(upper, threshold)
    if (low === n) return 0
    const [start, end] = [lower[low] ?? NaN, upper[low] ?? NaN]
    if (start >= threshold) return mass[low] ?? NaN
    return (mass[low + 1] ?? NaN) + ((weight[low] ?? NaN) * (end - threshold)) / (end - start)
  }
}

/**
 * A histogram of weighted magnitudes whose bins reach down from the largest seen: 8 an octave, 8 octaves, what is smaller
 * in the lowest. For many histograms at once, as of every column of a layer, where all of `Bins` would be too many.
 */
export const tailBins = 64
const tailMantissaBits = 3

/**
 * Adds a number. @param slots [tailBins] weights by bin, the topmost last
 * @param tops one number for each histogram: the key of its topmost bin, 0 at first
 */
export const addToTail = (
  slots: Float64Array,
  tops: Int32Array,
  index: number,
  pattern: number,
  weight: number,
): void => {
  const key = (pattern & magnitudeMask) >>> (23 - tailMantissaBits)
  const top = tops[index] ?? NaN
  const at = index * tailBins
  if (key > top) {
    const shift = key - top
    tops[index] = key
    // Whatever leaves at the lower end is kept in the lowest bin.
    let lowestBin = 0
    for (let b = 0; b < tailBins; b++) {
      const value = slots[at + b] ?? NaN
      if (b <= shift) lowestBin += value
      if (b > 0 && b - shift > 0) slots[at + b - shift] = value
    }
    for (let b = Math.max(1, tailBins - shift); b < tailBins; b++) slots[at + b] = 0
    slots[at] = lowestBin
  }
  const bin = Math.max(0, tailBins - 1 - ((tops[index] ?? NaN) - key))
  slots[at + bin] = (slots[at + bin] ?? NaN) + weight
}

/** Where the bin of each key begins. */
const tailEdges = Float64Array.from({ length: (256 << tailMantissaBits) + 1 }, (_, key) =>
  numberOf(key * 2 ** (23 - tailMantissaBits)),
)

/** What `addToTail` has gathered. */
export const tailHistogram = (slots: Float64Array, tops: Int32Array, index: number): WeightedHistogram => {
  const lowestKey = (tops[index] ?? NaN) - (tailBins - 1)
  const edge = (b: number): number => (b === 0 ? 0 : (tailEdges[Math.max(0, lowestKey + b)] ?? NaN))
  return weightedHistogram(slots.subarray(index * tailBins, (index + 1) * tailBins), edge)
}
