import { expect, test } from 'vitest'
import { fc, test as property } from '@fast-check/vitest'
import { longestFirst } from '../../../src/domain/tokenizer/truncation.js'

const length = fc.nat({ max: 60 })

/** The rule in words: tokens are taken one by one from the longer; of equals, from the first. */
const oneByOne = (first: number, second: number, room: number): readonly [number, number] => {
  let [a, b] = [first, second]
  while (a + b > room) {
    if (a > b) a--
    else if (b > a) b--
    else if (first > second) b--
    else a--
  }
  return [a, b]
}

property.prop([length, length, length], { numRuns: 3000 })('takes from the longer, one by one', (a, b, room) => {
  expect(longestFirst(a, b, room)).toEqual(oneByOne(a, b, room))
})

property.prop([length, length, length])('keeps as much as there is room for', (a, b, room) => {
  const [first, second] = longestFirst(a, b, room)
  expect(first + second).toBe(Math.min(a + b, room))
  expect(first <= a && second <= b).toBe(true)
})

test('an odd place goes to the longer text, of equals to the second', () => {
  expect(longestFirst(5, 9, 7)).toEqual([3, 4])
  expect(longestFirst(9, 5, 7)).toEqual([4, 3])
  expect(longestFirst(9, 9, 7)).toEqual([3, 4])
})
