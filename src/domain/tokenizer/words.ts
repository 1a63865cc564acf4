/**
 * Splits a text into words as GPT-2's pattern does: 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * Written out as a scanner, linear in the text. Not modelled: special tokens, which are cut out before.
 */
import { categoryOf, WHITE_SPACE } from './categories.js'

const contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"] as const
const SPACE = 0x20
const APOSTROPHE = 0x27

/** Class of the code point at i; a pair of surrogates counts as one. */
const categoryAt = (text: string, i: number): number => categoryOf(text.codePointAt(i) ?? 0)
const widthAt = (text: string, i: number): number => ((text.codePointAt(i) ?? 0) > 0xffff ? 2 : 1)

/** End of the run of code points of class `category` that holds the one at i. */
const runEnd = (text: string, i: number, category: number): number => {
  let end = i
  while (end < text.length && categoryAt(text, end) === category) end += widthAt(text, end)
  return end
}

/** End of the word that starts at `start`; every word has at least one character. Precondition: start < text.length. */
export const wordEnd = (text: string, start: number): number => {
  const first = text.charCodeAt(start)
  if (first === APOSTROPHE) {
    const contraction = contractions.find(c => text.startsWith(c, start))
    if (contraction !== undefined) return start + contraction.length
  }
  const body = first === SPACE ? start + 1 : start
  const category = body < text.length ? categoryAt(text, body) : WHITE_SPACE
  if (category !== WHITE_SPACE) return runEnd(text, body, category)
  const end = runEnd(text, start, WHITE_SPACE)
  // \s+(?!\S): the last white space before a word is left to that word (all white space is one UTF-16 unit wide)
  return end < text.length && end - start > 1 ? end - 1 : end
}

/** The words of a text in order; joined they are the text. */
export function* words(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const end = wordEnd(text, start)
    yield text.slice(start, end)
    start = end
  }
}

/** Whether the UTF-16 unit is white space in Unicode's sense. */
export const isWhiteSpace = (unit: number): boolean => categoryOf(unit) === WHITE_SPACE
