/**
 * Uniform symmetric converter: the pulse-width DAC at a tile's input and the ADC at its output.
 * Not modelled: differential non-linearity, aperture jitter, conversion energy.
 */
import type { Bits } from '../experiment/hardware.js'
import { integerIn, positive } from '../quantity.js'

export interface Converter {
  /** Resolution in bits; 2^bits - 1 codes, symmetric about zero. */
  readonly bits: number
  /** Largest magnitude that is not clipped, in the unit of the signal. */
  readonly range: number
  /** Code of +range: 127 for 8 bits. */
  readonly maxCode: number
}

/** Code of full range for a number of bits. @throws RangeError if it is not an integer in [2, 12]. */
export const largestCode = (bits: number): number => 2 ** (integerIn('converter bits', bits, 2, 12) - 1) - 1

/** The same for a setting; 0 stands for an ideal converter. */
export const maxCodeOf = (bits: Bits): number => (bits === 'off' ? 0 : largestCode(bits))

/** @throws RangeError if bits is not an integer in [2, 12] or range is not positive and finite. */
export const converter = (bits: number, range: number): Converter => ({
  bits,
  range: positive('converter range', range),
  maxCode: largestCode(bits),
})

/** Nearest integer, ties to the even one, for |x| < 2^52. */
export const roundHalfEven = (x: number): number => {
  const floor = Math.floor(x)
  const rest = x - floor
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0)
  return up ? floor + 1 : floor
}

const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high)

/** Nearest code of x, ties to even, clipped to the range. */
export const encode = (c: Converter, x: number): number =>
  clamp(roundHalfEven((x * c.maxCode) / c.range), -c.maxCode, c.maxCode)

export const decode = (c: Converter, code: number): number => (code * c.range) / c.maxCode
