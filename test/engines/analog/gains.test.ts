/** Gains that come with ranges: digital factors of columns, and nothing else. */
import { expect, test } from 'vitest'
import type { TileRanges } from '../../../src/engines/analog/parameters.js'
import { architecture, batch, chipWith, everything, made, opened, rangesOf } from './miniature.js'

test('a gain multiplies what its column gives, after the ADC, and leaves the drift compensation alone', async () => {
  const model = made()
  const ranges = rangesOf(model, chipWith(everything).tile)
  const { hidden, labels } = architecture
  const last = Math.ceil(hidden / 10) * Math.ceil(labels / 9)
  /** The last layer's columns by 1, 3 and -0.5. */
  const withGains = ranges.map((r, i): TileRanges =>
    i < ranges.length - last ? r : { ...r, gains: Float32Array.of(1, 3, -0.5) },
  )
  const run = async (given: readonly TileRanges[]) => {
    const engine = await opened(everything, { model, ranges: given })
    await engine.read({ chip: 1, read: 0, timeSeconds: 3600 })
    const { logits, counts } = await engine.run(batch)
    const alphas = engine.alphas()
    await engine.close()
    return { logits, counts, alphas }
  }
  const [plain, gained] = [await run(ranges), await run(withGains)]
  expect(gained.alphas).toEqual(plain.alphas)
  expect(gained.counts).toEqual(plain.counts)
  const bias = model.tensors.get('classifier.out_proj.bias') ?? new Float32Array(0)
  gained.logits.forEach((z, i) => {
    const b = bias[i % labels] ?? NaN
    expect(z).toBeCloseTo(b + ([1, 3, -0.5][i % labels] ?? NaN) * ((plain.logits[i] ?? NaN) - b), 5)
  })
  expect(new Set(plain.logits).size).toBeGreaterThan(10)
})
