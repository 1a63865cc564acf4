/**
 * GPT-2's byte alphabet (Radford et al. 2019): one printable character for each of the 256 bytes, so that a token is
 * ordinary text. Not modelled: what the bytes mean; tokens may end inside a UTF-8 sequence.
 */

/** Bytes that stand for themselves: ! to ~, ¡ to ¬, ® to ÿ. */
const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff)

/** Character of each byte: the others follow from U+0100 in order, so that a space is `Ġ` and a line feed `Ċ`. */
export const byteCharacters: readonly string[] = (() => {
  let next = 0x100
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++))
})()

const bytes: ReadonlyMap<string, number> = new Map(byteCharacters.map((character, byte) => [character, byte]))

/** Byte of a character of the alphabet; undefined for any other character. */
export const byteOf = (character: string): number | undefined => bytes.get(character)

/**
 * Writes the UTF-8 bytes of text[start, end), each replaced by `symbols[byte]`, into `out` from 0. A lone surrogate is
 * U+FFFD, as in TextEncoder. `out` has room for 3 (end - start) symbols.
 * @returns the number of bytes written
 */
export const writeBytesInto = (
  out: Int32Array,
  text: string,
  start: number,
  end: number,
  symbols: Int32Array,
): number => {
  let n = 0
  const put = (byte: number): void => {
    out[n++] = symbols[byte] ?? 0
  }
  for (let i = start; i < end; i++) {
    let c = text.charCodeAt(i)
    if (c >= 0xd800 && c <= 0xdfff) {
      const low = c < 0xdc00 && i + 1 < end ? text.charCodeAt(i + 1) : 0
      if (low >= 0xdc00 && low <= 0xdfff) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
        i++
      } else c = 0xfffd
    }
    if (c < 0x80) put(c)
    else if (c < 0x800) {
      put(0xc0 | (c >> 6))
      put(0x80 | (c & 0x3f))
    } else if (c < 0x10000) {
      put(0xe0 | (c >> 12))
      put(0x80 | ((c >> 6) & 0x3f))
      put(0x80 | (c & 0x3f))
    } else {
      put(0xf0 | (c >> 18))
      put(0x80 | ((c >> 12) & 0x3f))
      put(0x80 | ((c >> 6) & 0x3f))
      put(0x80 | (c & 0x3f))
    }
  }
  return n
}
