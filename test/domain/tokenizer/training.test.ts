import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { countWords, SMALLEST_VOCABULARY, tokenizerJson, trainBpe } from '../../../src/domain/tokenizer/training.js'

const texts = fc.array(fc.string({ unit: fc.constantFrom(...Array.from('aab cé<s>/')), maxLength: 20 }), {
  maxLength: 12,
})

property.prop([texts, fc.nat()])('the order of the texts does not matter', (all, seed) => {
  const at = all.length === 0 ? 0 : seed % all.length
  const turned = [...all.slice(at), ...all.slice(0, at)].reverse()
  expect(trainBpe(countWords(turned), 300)).toEqual(trainBpe(countWords(all), 300))
})

/** The definition: recount everything, take the best pair, replace it everywhere. */
const byDefinition = (words: ReadonlyMap<string, number>, merges: number): readonly string[] => {
  let split = [...words].map(([word, count]) => ({ count, symbols: Array.from(word.replaceAll(' ', 'Ġ')) }))
  const learned: string[] = []
  while (learned.length < merges) {
    const counts = new Map<string, number>()
    for (const { count, symbols } of split)
      symbols.slice(1).forEach((right, i) => {
        const pair = `${symbols[i] ?? ''} ${right}`
        counts.set(pair, (counts.get(pair) ?? 0) + count)
      })
    const [best] = [...counts].filter(([, n]) => n >= 2).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    if (best === undefined) break
    learned.push(best[0])
    split = split.map(({ count, symbols }) => {
      const joined: string[] = []
      for (let i = 0; i < symbols.length; i++) {
        if (`${symbols[i] ?? ''} ${symbols[i + 1] ?? ''}` === best[0]) joined.push(best[0].replace(' ', ''))
        else {
          joined.push(symbols[i] ?? '')
          continue
        }
        i++
      }
      return { count, symbols: joined }
    })
  }
  return learned
}

property.prop([
  fc.array(fc.string({ unit: fc.constantFrom(...Array.from('aab cd ')), maxLength: 20 }), { maxLength: 12 }),
])('merges are those of the definition', all => {
  const words = countWords(all)
  const { merges, tokens } = trainBpe(words, SMALLEST_VOCABULARY + 400)
  expect(merges.map(pair => pair.join(' '))).toEqual(byDefinition(words, merges.length + 1))
  expect(new Set(tokens).size).toBe(tokens.length)
})

test('ties go to the first in order', () => {
  const { merges } = trainBpe(
    new Map([
      ['xy', 3],
      ['xb', 3],
      ['ab', 3],
      ['zz', 5],
    ]),
    SMALLEST_VOCABULARY + 4,
  )
  expect(merges).toEqual([
    ['z', 'z'],
    ['a', 'b'],
    ['x', 'b'],
    ['x', 'y'],
  ])
})

test('laid out as RoBERTa: specials first, mask last, exactly the size asked for', () => {
  const { tokens, merges } = trainBpe(countWords(['the cat and the hat and the bat', 'the end']), 265)
  expect(tokens.slice(0, 5)).toEqual(['<s>', '<pad>', '</s>', '<unk>', '!'])
  expect(tokens).toHaveLength(265)
  expect(tokens.at(-1)).toBe('<mask>')
  expect(merges[0]).toEqual(['h', 'e'])
})

test('no merge makes a special token', () => {
  const { tokens, merges } = trainBpe(new Map([['<s>', 50]]), 300)
  expect(merges.map(pair => pair.join(''))).not.toContain('<s>')
  expect(tokens.filter(token => token === '<s>')).toHaveLength(1)
})

test('a vocabulary too small for the bytes is refused', () => {
  expect(() => trainBpe(new Map(), 260)).toThrow(RangeError)
  expect(trainBpe(new Map(), 261).tokens).toHaveLength(261)
})

test('tokenizer.json lists specials with their ids', () => {
  expect(tokenizerJson(trainBpe(new Map([['ab', 2]]), 262))).toMatchObject({
    added_tokens: [{ id: 0 }, { id: 1 }, { id: 2 }, { id: 3 }, { id: 261, content: '<mask>', lstrip: true }],
    model: { merges: ['a b'], vocab: { ab: 260, '<mask>': 261 } },
  })
})
