/**
 * Pulse-width codes of a tile's inputs: clamp(roundHalfEven(x * scale), -maxCode, maxCode) with the one binary32 factor
 * scale = maxCode / range. A NaN gives code 0 and is counted. An input that stands on n rows has a code of up to n maxCode,
 * of which row p takes sign(code) floor((|code| + p) / n): shares that add up to it exactly and differ by 1 at most.
 * Not modelled: the pulses themselves.
 */
import { bitsOf, roundingMagic } from './float32.js'
import { codeStep } from './vmm.js'

const { fround } = Math
const magicBits = bitsOf(roundingMagic)

/** Code of one number; maxCode < 2^22. */
export const pulseWidth = (x: number, scale: number, maxCode: number): number => {
  let v = fround(x * scale)
  v = v > maxCode ? maxCode : v
  v = v < -maxCode ? -maxCode : v
  return x === x ? bitsOf(fround(v + roundingMagic)) - magicBits : 0
}

/** Bits a square loses to fit into 14: none up to 8-bit codes. */
export const squareShift = (maxCode: number): number => 2 * Math.max(0, Math.ceil(Math.log2(maxCode + 1)) - 7)

/** code^2 / 2^shift, half rounded up. */
export const squared = (code: number, shift: number): number =>
  (code * code + (shift > 0 ? 1 << (shift - 1) : 0)) >> shift

export interface Encoding {
  readonly rows: number
  readonly inner: number
  readonly xRowStep: number
  readonly maxCode: number
  readonly range: number
  readonly scale: number
  readonly squareShift: number
}

/** A vector's codes of inputs that stand on several rows, over what their own rows hold. @returns inputs within n ranges, beyond one */
const shareCodes = (
  codes: Int16Array,
  squares: Int16Array | null,
  x: Float32Array,
  e: Encoding,
  copies: Uint32Array,
): number => {
  let within = 0
  for (let first = 0, next = 0; first < copies.length; first = next) {
    const owner = copies[first] ?? 0
    next = first + 1
    while (next < copies.length && copies[next] === owner) next++
    const n = next - first + 1
    const given = x[owner] ?? 0
    const code = pulseWidth(given, e.scale, n * e.maxCode)
    if (Math.abs(given) > e.range && !(Math.abs(given) > fround(n * e.range))) within++
    for (let part = 0; part < n; part++) {
      const share = Math.floor((Math.abs(code) + part) / n)
      const at = part === 0 ? owner : e.inner + first + part - 1
      codes[at] = code < 0 ? -share : share
      if (squares !== null) squares[at] = squared(share, e.squareShift)
    }
  }
  return within
}

/** @param codes, squares [rows, padded inner + copies]. @param copies inputs on one more row each, ascending. @returns inputs beyond +-range, and inputs that are NaN. */
export const encodeInto = (
  codes: Int16Array,
  squares: Int16Array | null,
  x: Float32Array,
  e: Encoding,
  copies: Uint32Array = new Uint32Array(0),
): readonly [clipped: number, notNumbers: number] => {
  const step = codeStep(e.inner + copies.length)
  let clipped = 0
  let notNumbers = 0
  for (let r = 0; r < e.rows; r++) {
    for (let i = 0; i < step; i++) {
      const given = i < e.inner ? (x[r * e.xRowStep + i] ?? 0) : 0
      const code = pulseWidth(given, e.scale, e.maxCode)
      if (Math.abs(given) > e.range) clipped++
      if (given !== given) notNumbers++
      codes[r * step + i] = code
      if (squares !== null) squares[r * step + i] = squared(code, e.squareShift)
    }
    const [from, to] = [r * step, (r + 1) * step]
    const own = x.subarray(r * e.xRowStep, r * e.xRowStep + e.inner)
    clipped -= shareCodes(codes.subarray(from, to), squares?.subarray(from, to) ?? null, own, e, copies)
  }
  return [clipped, notNumbers]
}
