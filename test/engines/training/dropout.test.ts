/** Masks of dropout: as often as asked, each number for itself, and a function of what they are for alone. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect, test as once } from 'vitest'
import { dropoutPlaces, masksAt, type Dropout } from '../../../src/engines/training/dropout.js'
import { dropRowInto } from '../../../src/kernels/reference/dropout.js'
import { checkpoint, inTraining, referenceBatch } from './model.js'
import { bits } from '../model.js'

const { architecture } = checkpoint
const places = dropoutPlaces(architecture)

/** 1 where a number is kept. */
const mask = (dropout: Dropout, place: string, token: number, example: number, width: number): Float32Array => {
  const row = new Float32Array(width).fill(1)
  const masks = masksAt(architecture, dropout, place)
  if (masks !== null) dropRowInto(row, row, token, example, { ...masks, scale: 1 })
  return row
}

const any = fc.record({
  seed: fc.nat(),
  step: fc.nat(1000),
  place: fc.constantFrom(...places),
  token: fc.nat(511),
  example: fc.nat(10_000),
})
type Address = typeof any extends fc.Arbitrary<infer T> ? T : never
const at = ({ seed, step, place, token, example }: Address, p: number, width: number): Float32Array =>
  mask({ seed, step, hidden: p, attention: p }, place, token, example, width)

describe('dropout', () => {
  once.each([0.02, 0.1, 0.5, 0.9])('of probability %f drops that share, and keeps the mean', p => {
    const tokens = 400
    const width = 768
    let kept = 0
    for (let token = 0; token < tokens; token++)
      kept += at({ seed: 1, step: 2, place: 'encoder.layer.1.output.dense', token, example: 3 }, p, width).reduce(
        (a, b) => a + b,
        0,
      )
    const n = tokens * width
    // 5 % of p is between 7 and 90 standard deviations here; chance stays within 5.
    expect(Math.abs(kept - n * (1 - p))).toBeLessThan(5 * Math.sqrt(n * p * (1 - p)))
    const masks = masksAt(architecture, { seed: 1, step: 1, hidden: p, attention: p }, 'classifier.dense')
    expect((masks?.scale ?? NaN) * (1 - p)).toBeCloseTo(1, 8)
  })

  once('drops neighbours independently', () => {
    const p = 0.3
    const rows = Array.from({ length: 300 }, (_, token) =>
      at({ seed: 1, step: 2, place: 'encoder.layer.1.output.dense', token, example: 3 }, p, 512),
    )
    const pairs = (next: (row: number, i: number) => number | undefined): number => {
      let [sum, n] = [0, 0]
      rows.forEach((row, r) =>
        row.forEach((kept, i) => {
          const other = next(r, i)
          if (other === undefined) return
          sum += (kept - (1 - p)) * (other - (1 - p))
          n += 1
        }),
      )
      return sum / Math.sqrt(n) / (p * (1 - p))
    }
    // Each is about a standard normal if pairs are independent.
    for (const step of [1, 2, 16, 64]) expect(Math.abs(pairs((r, i) => rows[r]?.[i + step]))).toBeLessThan(5)
    expect(Math.abs(pairs((r, i) => rows[r + 1]?.[i]))).toBeLessThan(5)
  })

  test.prop([any, any, fc.constantFrom('seed', 'step', 'place', 'token', 'example')], { numRuns: 300 })(
    'has other masks for anything else',
    (a, other, changed) => {
      const b: Address = { ...a, [changed]: other[changed] }
      const same = at(a, 0.5, 200).every((kept, i) => kept === at(b, 0.5, 200)[i])
      expect(same).toBe(a[changed] === b[changed])
    },
  )

  test.prop([any, fc.integer({ min: 1, max: 300 })])('does not depend on how wide the row is', (a, width) => {
    expect(at(a, 0.3, width)).toEqual(at(a, 0.3, 300).subarray(0, width))
  })

  once('of probability 0 does nothing, and none other than [0, 1) is taken', () => {
    const of = (p: number) => masksAt(architecture, { seed: 1, step: 1, hidden: p, attention: p }, 'classifier.dense')
    expect(of(0)).toBeNull()
    expect(masksAt(architecture, null, 'classifier.dense')).toBeNull()
    for (const p of [1, -0.1, NaN]) expect(() => of(p)).toThrow('expected a probability in [0, 1)')
    expect(() => masksAt(architecture, null, 'classifier')).toThrow('no dropout at classifier')
  })

  once('in a step does not depend on where an example stands in the batch', async () => {
    const { trainer, engine } = await inTraining(0)
    const sequences = referenceBatch.examples.length
    const reversed = Array.from({ length: sequences }, (_, i) => sequences - 1 - i)
    const ids = reversed.map(s => [
      ...referenceBatch.ids.subarray(referenceBatch.offsets[s], referenceBatch.offsets[s + 1]),
    ])
    const turned = {
      ids: Int32Array.from(ids.flat()),
      offsets: Int32Array.from([0, ...ids.map((_, i) => ids.slice(0, i + 1).flat().length)]),
      examples: Int32Array.from(reversed),
    }
    const loss = { kind: 'cross entropy', labels: new Int32Array(sequences), count: sequences } as const
    const dropout = { seed: 4, step: 9, hidden: 0.2, attention: 0.2 }
    const [a, b] = [
      await trainer.gradient(referenceBatch, loss, dropout),
      await trainer.gradient(turned, loss, dropout),
    ]
    const row = (logits: Float32Array, s: number) => bits(logits.slice(2 * s, 2 * s + 2))
    reversed.forEach((s, i) => expect(row(b.logits, i)).toEqual(row(a.logits, s)))
    expect(bits((await trainer.gradient(referenceBatch, loss, null)).logits)).not.toEqual(bits(a.logits))
    await engine.close()
  })
})
