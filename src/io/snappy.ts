/**
 * Snappy's raw format walked over before a decoder is let loose on it: lengths and offsets of 32 bits are signed to the one
 * in use, which then goes back for ever, or copies from before the start. Source: Snappy's format_description.txt.
 */
import { Malformed } from './thrift.js'

/** It decompresses to `size` bytes, and nothing in it leads out of them. @throws Malformed */
export const checkSnappy = (bytes: Uint8Array, size: number): void => {
  let at = 0
  /** `count` bytes as an integer, little-endian. */
  const number = (count: number): number => {
    if (count > bytes.length - at) throw new Malformed('a Snappy stream that is cut short')
    let value = 0
    for (let i = 0; i < count; i++) value += (bytes[at++] ?? 0) * 2 ** (8 * i)
    return value
  }
  let announced = 0
  for (let shift = 0; ; shift += 7) {
    const group = number(1)
    announced += (group & 0x7f) * 2 ** shift
    if (group < 0x80) break
    if (shift === 28) throw new Malformed('a Snappy stream whose length takes more than 32 bits')
  }
  if (announced !== size) throw new Malformed(`a Snappy stream of ${announced} bytes where there should be ${size}`)
  let written = 0
  while (at < bytes.length) {
    const tag = number(1)
    const upper = tag >> 2
    if ((tag & 3) === 0) {
      const length = upper < 60 ? upper + 1 : number(upper - 59) + 1
      if (length > bytes.length - at) throw new Malformed(`a Snappy literal of ${length} bytes`)
      at += length
      written += length
    } else {
      const length = (tag & 3) === 1 ? (upper & 7) + 4 : upper + 1
      const offset = (tag & 3) === 1 ? (tag >> 5) * 256 + number(1) : number((tag & 3) === 2 ? 2 : 4)
      if (offset === 0 || offset > written)
        throw new Malformed(`a Snappy copy from ${offset} bytes back at byte ${written}`)
      written += length
    }
    if (written > size) throw new Malformed(`a Snappy stream of more than its ${size} bytes`)
  }
  if (written !== size) throw new Malformed(`a Snappy stream of ${written} bytes where there should be ${size}`)
}
