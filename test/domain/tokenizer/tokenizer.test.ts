import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { tokenizer, type Vocabulary } from '../../../src/domain/tokenizer/tokenizer.js'
import { countWords, trainBpe } from '../../../src/domain/tokenizer/training.js'
import { oddText } from './odd.js'

const trained = trainBpe(
  countWords(Array.from({ length: 3 }, () => "the cat's the theatre, and then the end  日本 éé")),
  320,
)
const idOf = new Map(trained.tokens.map((token, id) => [token, id]))
const id = (token: string): number => idOf.get(token) ?? -1

const added = (content: string, more: object = {}) => ({
  content,
  id: id(content),
  stripsLeft: false,
  stripsRight: false,
  normalized: true,
  ...more,
})

const vocabulary: Vocabulary = {
  ids: idOf,
  merges: trained.merges.map(([left, right]) => ({ left: id(left), right: id(right), merged: id(left + right) })),
  added: [added('<s>'), added('<pad>'), added('</s>'), added('<unk>'), added('<mask>', { stripsLeft: true })],
  addPrefixSpace: false,
  startId: 0,
  separatorId: 2,
  paddingId: 1,
}
const plain = tokenizer(vocabulary)
const utf8 = new TextEncoder()

/** Ids between `<s>` and `</s>`. */
const inner = (text: string, of = plain): readonly number[] => [...of.encode(text, null, Infinity)].slice(1, -1)

property.prop([oddText.filter(text => !/<(s|pad|unk|mask)>|<\/s>/.test(text))], { numRuns: 500 })(
  'decoding gives the bytes back',
  text => {
    expect(plain.decode(inner(text))).toEqual(utf8.encode(text))
  },
)

property.prop([fc.array(oddText, { maxLength: 20 }), fc.nat({ max: 3 })])(
  'a cache of any size changes nothing',
  (texts, words) => {
    const [cached, uncached] = [tokenizer(vocabulary, words), tokenizer(vocabulary, 0)]
    for (const text of [...texts, ...texts]) expect(inner(text, cached)).toEqual(inner(text, uncached))
  },
)

property.prop([oddText, oddText.filter(text => text !== ''), fc.integer({ min: 4, max: 40 })])(
  'a pair is cut to the length, each text from its end',
  (a, b, maxLength) => {
    const [first, second] = [inner(a), inner(b)]
    const ids = [...plain.encode(a, b, maxLength)]
    expect(ids).toHaveLength(Math.min(maxLength, first.length + second.length + 4))
    const kept = [...Array(first.length + 1).keys()].filter(n => {
      const rest = ids.length - 4 - n
      return (
        rest >= 0 &&
        rest <= second.length &&
        ids.join() === [0, ...first.slice(0, n), 2, 2, ...second.slice(0, rest), 2].join()
      )
    })
    expect(kept).not.toEqual([])
  },
)

property.prop([oddText, fc.integer({ min: 2, max: 30 })])('a single text is cut from its end', (text, maxLength) => {
  expect([...plain.encode(text, null, maxLength)]).toEqual([0, ...inner(text).slice(0, maxLength - 2), 2])
})

test('special tokens are recognised as written; the mask takes the white space before it', () => {
  const [a, b] = [id('a'), id('b')]
  expect(inner('a<mask>b')).toEqual([a, id('<mask>'), b])
  expect(inner('a \t\u0085<mask>b')).toEqual([a, id('<mask>'), b])
  expect(inner('a <s>b')).toEqual([a, id('Ġ'), 0, b])
  expect(inner('<s></s><pad>')).toEqual([0, 2, 1])
  expect(inner('<mask>  <mask>')).toEqual([id('<mask>'), id('<mask>')])
})

test('the longest added token wins, and may take the white space after it', () => {
  const of = tokenizer({
    ...vocabulary,
    added: [
      ...vocabulary.added,
      { ...added('<s>x'), id: 320 },
      { ...added('a.b'), id: 321, stripsRight: true, normalized: false },
    ],
  })
  expect(of.vocabularySize).toBe(322)
  expect(inner('<s>x<s>', of)).toEqual([320, 0])
  expect(inner('a.b \u3000b', of)).toEqual([321, id('b')])
  expect(inner('aXb', of)).toEqual([id('a'), id('X'), id('b')])
})

test('a prefix space goes before every stretch that has none', () => {
  const of = tokenizer({ ...vocabulary, addPrefixSpace: true })
  expect(inner('a', of)).toEqual(inner(' a'))
  expect(inner(' a', of)).toEqual(inner(' a'))
  expect(inner('a<s>b', of)).toEqual([...inner(' a'), 0, ...inner(' b')])
  expect(inner('', of)).toEqual([])
})

test('empty texts, an empty pair, NUL and lone surrogates', () => {
  expect([...plain.encode('', null, 512)]).toEqual([0, 2])
  expect([...plain.encode('', 'a', 512)]).toEqual([0, 2, 2, id('a'), 2])
  expect(plain.encode('a', '', 512)).toEqual(plain.encode('a', null, 512))
  expect(plain.decode(inner('\u0000'))).toEqual(new Uint8Array([0]))
  expect(plain.decode(inner('a\ud800\udbff'))).toEqual(utf8.encode('a\ufffd\ufffd'))
})

test('a length without room for the special tokens is refused', () => {
  for (const bad of [1, 0, -1, 2.5, NaN]) expect(() => plain.encode('a', null, bad)).toThrow(RangeError)
  expect(() => plain.encode('a', 'b', 3)).toThrow(RangeError)
  expect([...plain.encode('a', 'b', 4)]).toEqual([0, 2, 2, 2])
})

test('a word of 1 MB has the ids of its parts, and ends', () => {
  const word = 'the'.repeat(350_000)
  const ids = inner(word)
  expect(new TextDecoder().decode(plain.decode(ids)) === word).toBe(true) // toEqual takes half a minute
  expect(ids.slice(-4)).toEqual(inner('the'.repeat(4)).slice(-4))
})

test('an id outside the vocabulary is refused', () => {
  expect(() => plain.decode([320])).toThrow(RangeError)
  expect(plain.decode([id('<mask>')])).toEqual(utf8.encode('<mask>'))
})
