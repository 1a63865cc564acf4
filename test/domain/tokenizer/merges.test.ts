import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { mergeInto, mergeLongInto, mergeShortInto, mergeTable } from '../../../src/domain/tokenizer/merges.js'

const ALPHABET = 4

/** A table over four symbols in which each rule joins any two tokens known before it. */
const anyTable = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }).map(choices => {
  const rules = new Map<string, { left: number; right: number; merged: number }>()
  for (const [a, b] of choices) {
    const merged = ALPHABET + rules.size
    const [left, right] = [a % merged, b % merged]
    if (!rules.has(`${left} ${right}`)) rules.set(`${left} ${right}`, { left, right, merged })
  }
  return mergeTable(ALPHABET + 40, [...rules.values()])
})
const anyWord = fc.array(fc.nat({ max: ALPHABET - 1 }), { maxLength: 200 })

const run = (merge: typeof mergeInto, word: readonly number[], table: Parameters<typeof mergeInto>[2]) => {
  const symbols = Int32Array.from(word)
  return [...symbols.subarray(0, merge(symbols, word.length, table))]
}

property.prop([anyTable, anyWord], { numRuns: 2000 })('the heap merges what rescanning merges', (table, word) => {
  const simple = run(mergeShortInto, word, table)
  expect(run(mergeLongInto, word, table)).toEqual(simple)
  expect(run(mergeInto, word, table)).toEqual(simple)
})

test('the lowest rank goes first, the leftmost of equals', () => {
  const table = mergeTable(10, [
    { left: 1, right: 2, merged: 4 },
    { left: 0, right: 0, merged: 5 },
    { left: 0, right: 1, merged: 6 },
  ])
  for (const merge of [mergeShortInto, mergeLongInto]) {
    expect(run(merge, [0, 1, 2], table)).toEqual([0, 4])
    expect(run(merge, [0, 0, 0], table)).toEqual([5, 0])
    expect(run(merge, [0, 0, 1], table)).toEqual([5, 1])
    expect(run(merge, [], table)).toEqual([])
  }
})
