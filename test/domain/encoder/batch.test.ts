import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { fitting } from '../../../src/domain/encoder/batch.js'
import { batchOf } from '../../../src/pipelines/batches.js'

const architecture = {
  ...{ vocabulary: 20, positions: 10, tokenTypes: 1, hidden: 4, layers: 1, heads: 1, intermediate: 4 },
  ...{ layerNormEpsilon: 1e-5, paddingId: 1, labels: 2 },
}
/** Of 1 to 8 tokens: 10 positions, less the padding's and the one before it. */
const sequence = fc.array(fc.integer({ min: 0, max: 19 }), { minLength: 1, maxLength: 8 })
const sequences = fc.array(sequence, { maxLength: 6 })
const laid = (all: readonly (readonly number[])[]): Batch =>
  batchOf(all.map((ids, example) => ({ ids: Int32Array.from(ids), example })))

describe('a batch', () => {
  test.prop([sequences])('of sequences within the vocabulary and the positions passes as it is', all => {
    const batch = laid(all)
    expect(fitting(architecture, batch)).toBe(batch)
  })

  test.prop([
    fc.array(sequence, { minLength: 1, maxLength: 6 }),
    fc.nat(),
    fc.nat(),
    fc.constantFrom(-1, 20, 2 ** 31 - 1, -(2 ** 31)),
  ])('with an id outside the vocabulary is refused, naming it', (all, which, where, id) => {
    const s = which % all.length
    const i = where % (all[s]?.length ?? 1)
    const batch = laid(all.map((ids, at) => (at === s ? ids.with(i, id) : ids)))
    expect(() => fitting(architecture, batch)).toThrow(
      new RangeError(`batch: sequence ${s}, token ${i}: expected an id from 0 to 19, found ${id}`),
    )
  })

  const good = laid([[3, 4], [5]])
  test.each([
    ['an empty sequence', laid([[3], [], [4]]), 'sequence 1: expected 1 to 8 tokens, found 0'],
    ['a sequence beyond the positions', laid([Array.from({ length: 9 }, () => 2)]), 'expected 1 to 8 tokens, found 9'],
    ['falling offsets', { ...good, offsets: Int32Array.of(0, 2, 1) }, 'sequence 1: expected 1 to 8 tokens, found -1'],
    [
      'offsets beyond the ids',
      { ...good, offsets: Int32Array.of(0, 2, 5) },
      'token 1: expected an id from 0 to 19, found none',
    ],
    [
      'ids beyond the offsets',
      { ...good, offsets: Int32Array.of(0, 1, 2) },
      'expected 2 ids, as the offsets say, found 3',
    ],
    ['offsets from 1', { ...good, offsets: Int32Array.of(1, 2, 3) }, 'expected offsets from 0, found 1'],
    ['no offsets', { ...good, offsets: new Int32Array(0) }, 'expected offsets from 0, found none'],
    ['an example missing', { ...good, examples: Int32Array.of(0) }, 'an example for each of 2 sequences, found 1'],
  ])('with %s is refused', (_, batch, message) => {
    expect(() => fitting(architecture, batch)).toThrow(message)
  })
})
