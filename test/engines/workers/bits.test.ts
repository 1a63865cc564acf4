/** The whole encoder on worker threads: the same bits with any number of threads, any batches, in any order. */
import { fc, test } from '@fast-check/vitest'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Engine, Outputs } from '../../../src/engines/engine.js'
import { openDigital } from '../../../src/pipelines/digital.js'
import { batchFrom, bits, checkpointOf, referenceRows } from '../model.js'

/** Of every length there is, the 512 tokens of the longest included. */
const rows = referenceRows('tiny-roberta')
const labels = 2
const threads = [1, 2, 3]

const engines = new Map<number, Engine>()
/** Logits of each row, all computed in one batch in this thread. */
let expected: readonly (readonly number[])[] = []

beforeAll(async () => {
  const checkpoint = await checkpointOf('reference', 'tiny-roberta')
  for (const workers of [0, ...threads]) engines.set(workers, await openDigital(checkpoint, { workers }))
  const { logits } = await engineOf(0).run(batchFrom(rows))
  expected = rows.map((_, r) => bits(logits.subarray(r * labels, (r + 1) * labels)))
})
afterAll(() => Promise.all([...engines.values()].map(engine => engine.close())))

const engineOf = (workers: number): Engine => {
  const engine = engines.get(workers)
  if (engine === undefined) throw new Error(`no engine with ${workers} workers`)
  return engine
}

/** Logits of rows, batch by batch, all submitted at once. */
const inBatches = async (engine: Engine, batches: readonly (readonly number[])[]): Promise<void> => {
  const found = await Promise.all(batches.map(batch => engine.run(batchFrom(batch.flatMap(r => rows[r] ?? [])))))
  expect(found.map(({ logits }) => bits(logits))).toEqual(batches.map(batch => batch.flatMap(r => expected[r] ?? [])))
}

const order = fc.shuffledSubarray(
  rows.map((_, r) => r),
  { minLength: 1, maxLength: 30 },
)
/** A random order cut at random places. */
const batches = fc
  .tuple(order, fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 30 }))
  .map(([all, sizes]) => {
    const cut: (readonly number[])[] = []
    for (let start = 0, i = 0; start < all.length; i++) {
      const size = sizes[i % sizes.length] ?? 1
      cut.push(all.slice(start, start + size))
      start += size
    }
    return cut
  })

describe.each([0, ...threads])('%i workers', workers => {
  test('one sequence a batch, and all in one', async () => {
    await inBatches(
      engineOf(workers),
      rows.map((_, r) => [r]),
    )
    await inBatches(engineOf(workers), [rows.map((_, r) => r)])
  })

  test.prop([batches], { numRuns: 10 })('any batches, in any order', cut => inBatches(engineOf(workers), cut))

  test('hidden states too', async () => {
    const all = (engine: Engine): Promise<Outputs> => engine.run(batchFrom(rows.slice(0, 30)), { firstTokens: true })
    const [here, there] = [await all(engineOf(0)), await all(engineOf(workers))]
    expect(there.firstTokens).toHaveLength(4)
    expect(there.firstTokens.map(bits)).toEqual(here.firstTokens.map(bits))
  })

  test('an id beyond the vocabulary rejects its batch alone, with the stack of where it was found', async () => {
    const engine = engineOf(workers)
    const [bad, good] = await Promise.allSettled([
      engine.run(batchFrom([{ ids: [0, 50_265, 2] }])),
      engine.run(batchFrom(rows.slice(0, 1))),
    ])
    expect(bad).toMatchObject({
      status: 'rejected',
      reason: {
        name: 'RangeError',
        message: 'batch: sequence 0, token 1: expected an id from 0 to 50264, found 50265',
      },
    })
    const stack = bad.status === 'rejected' && bad.reason instanceof Error ? bad.reason.stack : ''
    expect(stack).toMatch(/roberta\.[jt]s/)
    expect(good.status === 'fulfilled' && bits(good.value.logits)).toEqual(expected[0])
  })
})
