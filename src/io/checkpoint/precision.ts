/**
 * The floating-point formats weights are stored in (IEEE 754 binary32 and binary16, bfloat16) and their exact widening
 * to binary32. Not modelled: binary64, integers, 8-bit floats; big-endian machines.
 */

export type Precision = 'F32' | 'F16' | 'BF16'

/** Width in bytes of one value. */
export const width = (precision: Precision): number => (precision === 'F32' ? 4 : 2)

/** Bit pattern of the binary32 value equal to a binary16 code; NaN keeps its payload. */
const binary16Bits = (code: number): number => {
  const sign = (code & 0x8000) << 16
  const exponent = (code >>> 10) & 0x1f
  const fraction = code & 0x3ff
  if (exponent === 0x1f) return sign | 0x7f800000 | (fraction << 13)
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13)
  if (fraction === 0) return sign
  const shift = Math.clz32(fraction) - 21
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)
}

const binary16Table = Uint32Array.from({ length: 0x10000 }, (_, code) => binary16Bits(code))

/** Index of the first binary32 bit pattern in [start, end) that is not finite, or -1. */
export const firstNonFinite = (bits: Uint32Array, start: number, end: number): number => {
  for (let i = start; i < end; i++) if (((bits[i] ?? 0) & 0x7f800000) === 0x7f800000) return i
  return -1
}

/**
 * Widens binary16 codes into `bits`, binary32 bit patterns, one for one.
 * @returns index of the first value that is not finite, or -1.
 */
export const widenBinary16Into = (bits: Uint32Array, codes: Uint16Array): number => {
  let wrong = 0
  for (let i = 0; i < codes.length; i++) {
    const wide = binary16Table[codes[i] ?? 0] ?? 0
    bits[i] = wide
    // The sum carries into bit 31 if and only if the exponent is all ones.
    wrong |= (wide & 0x7fffffff) + 0x00800000
  }
  return wrong < 0 ? firstNonFinite(bits, 0, codes.length) : -1
}

/** The same for bfloat16, the upper half of binary32. */
export const widenBfloat16Into = (bits: Uint32Array, codes: Uint16Array): number => {
  let wrong = 0
  for (let i = 0; i < codes.length; i++) {
    const wide = (codes[i] ?? 0) << 16
    bits[i] = wide
    wrong |= (wide & 0x7fffffff) + 0x00800000
  }
  return wrong < 0 ? firstNonFinite(bits, 0, codes.length) : -1
}

const scratch = new Float32Array(1)
const scratchBits = new Uint32Array(scratch.buffer)

/** Nearest binary16 code of x (first rounded to binary32), ties to even; infinite from 65520 on. */
export const toBinary16 = (x: number): number => {
  scratch[0] = x
  const bits = scratchBits[0] ?? 0
  const sign = (bits >>> 16) & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > 0x7f800000) return sign | 0x7e00
  if (magnitude >= 0x47800000) return sign | 0x7c00
  if (magnitude >= 0x38800000) {
    return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
  }
  // Below 2^-14 the codes count multiples of 2^-24; adding and taking away 2^52 rounds half to even in binary64.
  return sign | (Math.abs(scratch[0]) * 2 ** 24 + 2 ** 52 - 2 ** 52)
}
