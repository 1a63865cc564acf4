/**
 * Constants and bit access of IEEE binary32. Every operation of the kernels is one binary32 operation, rounded to
 * nearest even on its own; a NaN result is a NaN on every path, its sign and payload are not part of the contract.
 */
const bits = new Int32Array(1)
const value = new Float32Array(bits.buffer)

/** The binary32 pattern of x as an int32. */
export const bitsOf = (x: number): number => {
  value[0] = x
  return bits[0] ?? 0
}

/** The binary32 number of a pattern. */
export const fromBits = (pattern: number): number => {
  bits[0] = pattern
  return value[0] ?? 0
}

/** Adding and subtracting it rounds |x| < 2^22 to the nearest integer, ties to even. */
export const roundingMagic = 12_582_912

/** ln 2 in two parts: k times the first is exact for |k| < 2^15. */
export const ln2High = 0.693359375
export const ln2Low = Math.fround(-2.1219444e-4)
