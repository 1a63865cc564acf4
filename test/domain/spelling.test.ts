import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { distance, nearest } from '../../src/domain/spelling.js'

const word = fc.stringMatching(/^[abc]{0,6}$/)

describe('spelling', () => {
  test.each([
    ['exmples', 'examples', 1],
    ['exmaples', 'examples', 1],
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['ca', 'abc', 3],
  ])('%s to %s: %d', (a, b, edits) => expect(distance(a, b)).toBe(edits))

  test.prop([word, word])('is symmetric, and 0 for equal words only', (a, b) => {
    expect(distance(a, b)).toBe(distance(b, a))
    expect(distance(a, b) === 0).toBe(a === b)
    expect(distance(a, b)).toBeLessThanOrEqual(Math.max(a.length, b.length))
  })

  test.prop([word, word, fc.constantFrom('a', 'x')])('one more letter changes it by at most one', (a, b, letter) => {
    expect(Math.abs(distance(a + letter, b) - distance(a, b))).toBeLessThanOrEqual(1)
  })

  test('the nearest known word, letter case and punctuation aside', () => {
    const known = ['abs-max', 'optimal', 'outputNoise', 'per-column']
    expect(nearest('absmax', known)).toBe('abs-max')
    expect(nearest('optmal', known)).toBe('optimal')
    expect(nearest('output_noise', known)).toBe('outputNoise')
    expect(nearest('percolumn', known)).toBe('per-column')
    expect(nearest('temperature', known)).toBeNull()
    expect(nearest('', known)).toBeNull()
    expect(nearest('o'.repeat(1_000_000), known)).toBeNull()
  })
})
