import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { categoryOf, LETTER, NUMBER, OTHER, WHITE_SPACE } from '../../../src/domain/tokenizer/categories.js'
import { words } from '../../../src/domain/tokenizer/words.js'
import { oddText } from './odd.js'

/** GPT-2's pattern as it is published, with White_Space for \s. */
const pattern =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu

property.prop([oddText], { numRuns: 2000 })('words are the matches of GPT-2’s pattern', text => {
  expect([...words(text)]).toEqual(text.match(pattern) ?? [])
})

property.prop([fc.string({ unit: 'binary', maxLength: 30 })], { numRuns: 1000 })('words joined are the text', text => {
  expect([...words(text)].join('')).toBe(text)
})

test('a lone surrogate is neither letter nor space', () => {
  expect([...words('a\ud800b \udc00')]).toEqual(['a', '\ud800', 'b', ' \udc00'])
})

test('categories are those of Unicode 16, and this Node agrees wherever both know the code point', () => {
  const counts = new Map<number, number>()
  const disagreements: string[] = []
  const [letter, number, space, unassigned] = [/\p{L}/u, /\p{N}/u, /\p{White_Space}/u, /\p{Cn}/u]
  const olderNode = Number(process.versions.unicode) < 16
  for (let c = 0; c < 0x110000; c++) {
    const ours = categoryOf(c)
    counts.set(ours, (counts.get(ours) ?? 0) + 1)
    const text = String.fromCodePoint(c)
    const theirs = letter.test(text) ? LETTER : number.test(text) ? NUMBER : space.test(text) ? WHITE_SPACE : OTHER
    // A newer Node may have assigned what Unicode 16 had not; an older one may lack what it had.
    const excused = olderNode ? unassigned.test(text) : ours === OTHER
    if (ours !== theirs && !excused) disagreements.push(c.toString(16))
  }
  expect(disagreements).toEqual([])
  expect([counts.get(LETTER), counts.get(NUMBER), counts.get(WHITE_SPACE)]).toEqual([141_028, 1_911, 25])
  expect(categoryOf(0x88f)).toBe(OTHER) // a letter only since Unicode 17
})
