/**
 * `longest_first` truncation: how many tokens of a text, or of a pair of texts, fit (truncate_encodings of tokenizers
 * 0.22). Not modelled: strides, overflowing parts, truncation from the left.
 */

/** Tokens kept of each of two texts; `room` is without special tokens. An odd token goes to the longer, then to the second. */
export const longestFirst = (first: number, second: number, room: number): readonly [number, number] => {
  if (first + second <= room) return [first, second]
  const shorter = Math.min(first, second)
  const even = Math.floor(room / 2)
  const [short, long] = shorter <= even ? [shorter, room - shorter] : [even, room - even]
  return first > second ? [long, short] : [short, long]
}
