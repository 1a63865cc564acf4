import { describe, expect, test } from 'vitest'
import { stream } from '../../../src/domain/random/stream.js'
import { corpus, grammars, identity } from '../../../tools/make-data/corpus.js'
import type { Drawn, Grammar } from '../../../tools/make-data/grammar.js'
import { bagOfWords } from './bagOfWords.js'

const grammarOf = (task: string): Grammar => {
  const found = grammars.find(g => g.task === task)
  if (found === undefined) throw new Error(`no grammar for ${task}`)
  return found
}

/** Words of both texts, each marked with the text it stands in: the strongest bag of words. */
const marked = ({ text, pair }: Drawn): readonly string[] => {
  const words = (t: string) => t.toLowerCase().match(/\p{L}+/gu) ?? []
  return [...words(text), ...words(pair ?? '').map(word => `second ${word}`)]
}

for (const grammar of grammars)
  describe(`the ${grammar.task} grammar`, () => {
    const { train, dev } = corpus(grammar, 7, { train: 2000, dev: 660 })
    const all = [...train, ...dev]

    test('gives each level equally often', () => {
      for (const split of [train, dev]) {
        const counts = new Map<number, number>()
        for (const { label } of split) counts.set(label, (counts.get(label) ?? 0) + 1)
        expect(counts.size).toBe(grammar.levels)
        expect(Math.max(...counts.values()) - Math.min(...counts.values())).toBeLessThanOrEqual(1)
      }
    })

    test('repeats no example, in one split or across both', () => {
      expect(new Set(all.map(example => identity(grammar, example))).size).toBe(all.length)
    })

    test('gives a text one label only, however it is drawn', () => {
      const labels = new Map<string, number>()
      for (let i = 0; i < 20_000; i++) {
        const example = grammar.draw(stream(11, grammar.task, i), i % grammar.levels)
        const key = identity(grammar, example)
        expect(labels.get(key) ?? example.label, key).toBe(example.label)
        labels.set(key, example.label)
      }
    })

    test('keeps texts short and free of what a TSV would have to quote', () => {
      for (const { text, pair } of all)
        for (const t of pair === null ? [text] : [text, pair]) {
          expect(t).toMatch(/^[A-Za-z ,]+\.$/)
          expect(t).not.toMatch(/ {2}|^ /)
          const words = t.replace(/[.,]/g, '').trim().split(/ +/).length
          expect(words).toBeGreaterThanOrEqual(3)
          expect(words).toBeLessThanOrEqual(16)
        }
    })

    test('follows the seed', () => {
      const sizes = { train: 20, dev: 20 }
      expect(corpus(grammar, 7, sizes)).toEqual(corpus(grammar, 7, sizes))
      expect(corpus(grammar, 8, sizes)).not.toEqual(corpus(grammar, 7, sizes))
    })
  })

describe('a bag of words', () => {
  test('learns what it can: whether a word occurs', () => {
    const { train, dev } = corpus(grammarOf('cola'), 7, { train: 1000, dev: 500 })
    const examples = (split: readonly Drawn[]) =>
      split.map(e => ({ words: marked(e), label: marked(e).some(w => w === 'near' || w === 'these') }))
    expect(bagOfWords(examples(train), examples(dev)).dev).toBeGreaterThan(0.95)
  })

  for (const grammar of grammars)
    test(`is at chance on ${grammar.task}`, () => {
      const { train, dev } = corpus(grammar, 7, { train: 4000, dev: 2000 })
      const middle = grammar.task === 'stsb' ? 2.5 : 0.5
      const examples = (split: readonly Drawn[]) =>
        split.filter(e => e.label !== middle).map(e => ({ words: marked(e), label: e.label > middle }))
      // Four standard errors of 2000 draws of chance.
      expect(bagOfWords(examples(train), examples(dev)).dev).toBeLessThan(0.5 + 4 * Math.sqrt(0.25 / 2000))
    })
})

describe('labels, found again by other rules', () => {
  const drawn = (task: string): readonly Drawn[] => corpus(grammarOf(task), 9, { train: 1500, dev: 0 }).train

  test('sentiment: negators and denials turn, the last word of `but` and the main clause decide', () => {
    const bad = new Set(['dull', 'silly', 'cold', 'stale', 'flat', 'lazy', 'empty', 'clumsy', 'dreary', 'hollow'])
    for (const { text, label } of drawn('sst2')) {
      const deciding = text
        .replace(/ \.$/, '')
        .replace(/^although [^,]*, /, '')
        .replace(/ , although .*$/, '')
        .replace(/^.* (but|and) /, '')
        .split(' ')
      const negated = deciding.some(word => ['not', 'never', 'hardly'].includes(word))
      const denied = /^(nobody|no|few) /.test(text)
      expect(label, text).toBe((bad.has(deciding.at(-1) ?? '') === negated) !== denied ? 1 : 0)
    }
  })

  test('paraphrase: the same agent and patient', () => {
    const roles = (text: string): string => {
      const active = /^The (\w+) (?!was )(\w+) the (\w+)/.exec(text)
      const passive = /^The (\w+) was (\w+) by the (\w+)/.exec(text)
      const agentCleft = /^It was the (\w+) that (\w+) the (\w+)/.exec(text)
      const patientCleft = /^It was the (\w+) that the (\w+) (\w+)/.exec(text)
      if (passive !== null) return [passive[3], passive[1]].join(' ')
      if (patientCleft !== null) return [patientCleft[2], patientCleft[1]].join(' ')
      const found = active ?? agentCleft
      if (found === null) throw new Error(text)
      return [found[1], found[3]].join(' ')
    }
    for (const { text, pair, label } of drawn('mrpc'))
      expect(label, `${text} ${pair ?? ''}`).toBe(roles(text) === roles(pair ?? '') ? 1 : 0)
  })

  test('entailment: every quantified pair holds or fails in a small world', () => {
    // Three individuals; bit i of `world` says whether individual i did it.
    const holds: Readonly<Record<string, (world: number) => boolean>> = {
      all: world => world === 7,
      some: world => world !== 0,
      no: world => world === 0,
      'not all': world => world !== 7,
    }
    const truth = (text: string): ((world: number) => boolean) | undefined =>
      holds[/\b(not all|all|some|no)\b/.exec(text.toLowerCase())?.[1] ?? '']
    let checked = 0
    for (const { text, pair, label } of drawn('rte')) {
      const premise = truth(text)
      const hypothesis = truth(pair ?? '')
      if (premise === undefined || hypothesis === undefined) continue
      const follows = [0, 1, 2, 3, 4, 5, 6, 7].every(world => !premise(world) || hypothesis(world))
      expect(label, `${text} ${pair ?? ''}`).toBe(follows ? 0 : 1)
      checked++
    }
    expect(checked).toBeGreaterThan(300)
  })
})
