import { fc, test } from '@fast-check/vitest'
import { describe, expect, test as once } from 'vitest'
import { stream } from '../../../src/domain/random/stream.js'
import { bucketBatches, epochBatches } from '../../../src/domain/training/order.js'
import { stepsPerEpoch } from '../../../src/domain/training/schedule.js'

const lengths = fc.array(fc.integer({ min: 1, max: 512 }), { minLength: 1, maxLength: 400 })
const epoch = fc.record({ seed: fc.maxSafeNat(), epoch: fc.nat(20), batch: fc.integer({ min: 1, max: 40 }) })

const many = Array.from({ length: 4000 }, (_, i) => 5 + ((i * 7919) % 120))

describe('the batches of an epoch', () => {
  test.prop([lengths, epoch])('hold every example once, all but one batch being full', (of, e) => {
    const batches = epochBatches(of, e)
    expect(batches.flat().toSorted((a, b) => a - b)).toEqual(of.map((_, i) => i))
    expect(batches).toHaveLength(stepsPerEpoch(of.length, e.batch))
    expect(batches.filter(b => b.length !== e.batch).length).toBeLessThanOrEqual(1)
  })

  test.prop([lengths, epoch])('are a function of lengths, seed and epoch', (of, e) => {
    expect(epochBatches(of, e)).toEqual(epochBatches(of, e))
  })

  once('differ from seed to seed and from epoch to epoch', () => {
    const e = { seed: 1, epoch: 0, batch: 16 }
    const first = epochBatches(many, e)
    for (const other of [
      { ...e, seed: 2 },
      { ...e, epoch: 1 },
    ]) {
      const found = epochBatches(many, other)
      // Neighbours of one epoch are no neighbours in another, but for chance: 16 of 4000 in a batch.
      const together = new Set(found.flatMap(b => b.flatMap(i => b.map(j => `${i} ${j}`))))
      const pairs = first.flatMap(b => b.flatMap(i => b.filter(j => j > i).map(j => `${i} ${j}`)))
      expect(pairs.filter(p => together.has(p)).length / pairs.length).toBeLessThan(0.1)
    }
  })

  once('are of like lengths, in no order of lengths', () => {
    const batches = epochBatches(many, { seed: 3, epoch: 0, batch: 16 })
    const mean = (b: readonly number[]): number => b.reduce((sum, i) => sum + (many[i] ?? NaN), 0) / b.length
    const spread = batches.map(b => Math.max(...b.map(i => Math.abs((many[i] ?? NaN) - mean(b)))))
    expect(spread.filter(s => s > 120 / bucketBatches + 6).length / batches.length).toBeLessThan(0.05)
    const means = batches.map(mean)
    const rising = means.filter((m, i) => i > 0 && m > (means[i - 1] ?? NaN)).length
    expect(Math.abs(rising / (means.length - 1) - 0.5)).toBeLessThan(0.12)
  })

  once('every example is as likely to come first', () => {
    const random = stream(5, 'lengths')
    const of = Array.from({ length: 10 }, () => 1 + random.below(50))
    const counts = new Array<number>(10).fill(0)
    for (let e = 0; e < 4000; e++) {
      const first = epochBatches(of, { seed: 7, epoch: e, batch: 1 })[0]?.[0] ?? NaN
      counts[first] = (counts[first] ?? 0) + 1
    }
    // 400 each, deviation 19.
    for (const count of counts) expect(Math.abs(count - 400)).toBeLessThan(100)
  })
})
