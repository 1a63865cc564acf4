/**
 * A converter in training: rounding passes gradients straight through, clipping and the step size have their own (Esser et
 * al., LSQ, ICLR 2020; Choi et al., PACT, 2018). With S = maxCode, range beta, v = x S / beta, k = roundHalfEven(clamp(v)):
 *
 *     xq = k beta / S      dxq/dx = 1, or 0 where |v| > S      dxq/dbeta = (k - v) / S, or k / S = +-1 where |v| > S
 *
 * Codes are those of pulse-width.ts, as binary32 numbers; NaN stays NaN. Not modelled: a smooth surrogate of rounding.
 */
import { bitsOf, fromBits, roundingMagic } from './float32.js'
import { tokenBlocks } from './weight-gradient.js'

const { fround, abs } = Math

/** Nearest code of v, an input in steps, ties to even, clipped; maxCode < 2^22. */
export const codeOf = (v: number, maxCode: number): number => {
  const high = v > maxCode ? maxCode : v
  const clamped = high < -maxCode ? -maxCode : high
  return fround(fround(clamped + roundingMagic) - roundingMagic)
}

export interface Quantiser {
  readonly rows: number
  readonly width: number
  readonly xRow: number
  /** fround(maxCode / range). */
  readonly scale: number
  readonly maxCode: number
}

/** y = code of x, times unit; y has no gaps. */
export const quantiseInto = (y: Float32Array, x: Float32Array, q: Quantiser, unit: number): void => {
  for (let r = 0; r < q.rows; r++)
    for (let i = 0; i < q.width; i++)
      y[r * q.width + i] = fround(codeOf(fround((x[r * q.xRow + i] ?? 0) * q.scale), q.maxCode) * unit)
}

/**
 * dx (+)= d, or +0 where x is clipped; then d = d dxq/dbeta. @param inverse fround(1 / maxCode)
 */
export const quantiseGradientInto = (
  dx: Float32Array,
  d: Float32Array,
  x: Float32Array,
  q: Quantiser,
  inverse: number,
  onward: boolean,
): void => {
  for (let r = 0; r < q.rows; r++)
    for (let i = 0; i < q.width; i++) {
      const [at, from] = [r * q.width + i, r * q.xRow + i]
      const v = fround((x[from] ?? 0) * q.scale)
      const inside = abs(v) <= q.maxCode
      const given = d[at] ?? 0
      const passed = inside ? given : 0
      dx[from] = onward ? fround((dx[from] ?? 0) + passed) : passed
      d[at] = fround(given * fround(fround(codeOf(v, q.maxCode) - (inside ? v : 0)) * inverse))
    }
}

/** A residue whose lowest bit says whether its column sum was clipped. */
export const residueOf = (value: number, clipped: boolean): number => {
  return fromBits((bitsOf(value) & ~1) | Number(clipped))
}

/** y = dy, or +0 where a residue says clipped. @param residues as int32 patterns */
export const straightThroughInto = (
  y: Float32Array,
  dy: Float32Array,
  residues: Int32Array,
  columns: number,
  steps: { readonly dy: number; readonly residue: number },
): void => {
  for (let at = 0; at < y.length; at++) {
    const [r, j] = [Math.floor(at / columns), at % columns]
    y[at] = ((residues[r * steps.residue + j] ?? 0) & 1) === 0 ? (dy[r * steps.dy + j] ?? 0) : 0
  }
}

/** y[j] (+)= sum over blocks of tokens of x[t, j] z[t, j], in the order of columnSumsInto, products rounded. */
export const columnDotsInto = (
  y: Float32Array,
  x: Float32Array,
  z: Float32Array,
  offsets: Int32Array,
  steps: { readonly x: number; readonly z: number },
  onward: boolean,
): void => {
  for (let j = 0; j < y.length; j++) {
    let added = onward
    if (!onward) y[j] = 0
    for (const [from, to] of tokenBlocks(offsets)) {
      let sum = 0
      for (let t = from; t < to; t++) sum = fround(sum + fround((x[t * steps.x + j] ?? 0) * (z[t * steps.z + j] ?? 0)))
      y[j] = added ? fround((y[j] ?? 0) + sum) : sum
      added = true
    }
  }
}
