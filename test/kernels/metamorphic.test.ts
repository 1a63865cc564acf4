/**
 * The properties of tile-properties.ts for the tile of every path; and that no property is empty: a tile that breaks what a
 * property guards fails it.
 */
import { describe, expect, test } from 'vitest'
import { lifeOrigin, readOrigin } from '../../src/domain/random/addresses.js'
import { kolmogorovSmirnovProbability } from '../../src/domain/statistics/kolmogorov-smirnov.js'
import { createScratch } from '../../src/kernels/scratch.js'
import { expectNoSurprise } from '../statistical.js'
import { pcm } from './devices.js'
import { fast, heap, reference } from './paths.js'
import { tileProperties, tilingProperty } from './tile-properties.js'
import { tileOf, type Outputs, type Reading, type TileUnderTest } from './tile-under-test.js'

const scratch = createScratch(heap)

describe.each(fast)('the tile of %s', (_, kernels) => {
  const tile = tileOf(kernels, heap, scratch)
  for (const p of [...tileProperties(tile), tilingProperty(tile)]) test(p.name, p.check)
})

describe('the tile of the reference', () => {
  for (const p of tileProperties(tileOf(reference, heap, scratch), { numRuns: 10 })) test(p.name, p.check)
})

describe('a broken tile', () => {
  const sound = tileOf((fast[1] ?? fast[0])?.[1] ?? reference, heap, scratch)
  const reading = (change: (r: Reading) => Partial<Reading>): TileUnderTest => ({
    ...sound,
    read: c => {
      const r = sound.read(c)
      return { ...r, ...change(r) }
    },
  })
  const multiplying = (change: (o: Outputs, rows: number, columns: number) => Partial<Outputs>): TileUnderTest => ({
    ...sound,
    multiply: (r, i, a) => {
      const o = sound.multiply(r, i, a)
      return { ...o, ...change(o, i.tokens.length, r.columns) }
    },
  })
  const broken: readonly (readonly [string, TileUnderTest, readonly string[]])[] = [
    [
      'with an offset at its columns',
      multiplying(({ y }) => ({ y: y.map(v => v + 1e-3) })),
      ['negative inputs', 'powers of two', 'ideal tile is the product'],
    ],
    ['5 % too strong', multiplying(({ y }) => ({ y: y.map(v => v * 1.05) })), ['ideal tile is', 'float32 product']],
    [
      'that favours a polarity',
      reading(r => ({
        effective: r.effective.map(g => (g > 0 ? g : 0.95 * g)),
        cells: r.cells.map(c => (c > 0 ? c : c - 1)),
      })),
      ['negative weights'],
    ],
    [
      'whose noise depends on the place in the batch',
      multiplying(({ y }, rows, columns) => ({
        y: y.map((v, at) => v * (1 + Math.floor(at / columns) / (1000 * rows))),
      })),
      ['any batches'],
    ],
    [
      'whose noise depends on its width',
      multiplying(({ y }, _, columns) => ({ y: y.map(v => v * (1 + columns / 1e4)) })),
      ['columns left out'],
    ],
    [
      'whose devices depend on their place in the tile',
      reading(r => ({ effective: r.effective.map((g, at) => g * (1 + Math.floor(at / r.columns) / 1e4)) })),
      ['every device', 'layer of 600'],
    ],
    [
      'that knows the order of its rows',
      multiplying(({ y, codes }) => ({ y: y.map(v => v + 1e-4 * (codes[0] ?? 0)) })),
      ['rows may stand'],
    ],
    [
      'that knows the order of its columns',
      multiplying(({ y }, _, columns) => ({ y: y.map((v, at) => v * (1 + (at % columns) / 1e4)) })),
      ['columns may stand'],
    ],
    [
      'with a noise that follows the sign of the inputs',
      {
        ...sound,
        multiply: (r, i, a) => {
          const o = sound.multiply(r, i, a)
          return { ...o, y: o.y.map(v => v + Math.sign(i.x[0] ?? 0) * 0.1 * a.outputNoise) }
        },
      },
      ['their negatives'],
    ],
    ['whose grid is too coarse', reading(r => ({ cells: r.cells.map(c => 64 * Math.round(c / 64)) })), ['half a step']],
    [
      'whose columns touch',
      reading(r => ({ effective: r.effective.map((g, at) => g * (at % r.columns === 0 ? 1 : 0.999)) })),
      ['every column'],
    ],
  ]
  const fails = (check: () => void): boolean => {
    try {
      check()
      return false
    } catch {
      return true
    }
  }
  test.each(broken)('%s', (_, tile, by) => {
    const all = [...tileProperties(tile), tilingProperty(tile)]
    for (const words of by) {
      const its = all.filter(p => p.name.includes(words))
      expect(its.length, words).toBeGreaterThan(0)
      for (const p of its) expect([p.name, fails(p.check)]).toEqual([p.name, true])
    }
  })
  test('is found by every property that there is', () => {
    const words = broken.flatMap(([, , by]) => by)
    for (const { name } of [...tileProperties(sound), tilingProperty(sound)])
      expect([name, words.some(w => name.includes(w))]).toEqual([name, true])
  })
})

test('weights and their negatives are held alike with noise on, in distribution: the polarities draw alike', () => {
  const held = holding()
  expectNoSurprise(
    'sign symmetry',
    [0.02, 0.3, 1].map(weight => {
      const [there, back] = [held(weight, 1), held(-weight, 2).map(g => -g)]
      const n = there.length
      return { name: `weight ${weight}`, probability: kolmogorovSmirnovProbability(distance(there, back), n / 2) }
    }),
  )
})

/** Conductances of 128 x 128 pairs of one weight, on a chip of their own. */
const holding = () => {
  const tile = tileOf(fast[0]?.[1] ?? reference, heap, scratch)
  const [rows, columns] = [128, 128]
  return (weight: number, chip: number): number[] => [
    ...tile.read({
      ...{ rows, columns, firstRow: 0, firstColumn: 0, weights: new Float32Array(rows * columns).fill(weight) },
      ...{ fullScales: new Float32Array(columns).fill(1), laws: pcm, logTime: Math.log(181), readScale: 3.4, load: 0 },
      ...{ perVmm: false, dacMaxCode: 127 },
      ...{
        life: lifeOrigin({ seed: 11, chip, layer: 0 }),
        occasion: readOrigin({ seed: 11, chip, layer: 0, read: 0 }),
      },
    }).effective,
  ]
}

/** Largest distance between the distribution functions of two samples of one size (Smirnov). */
const distance = (a: readonly number[], b: readonly number[]): number => {
  const all = [...a.map(x => [x, 1] as const), ...b.map(x => [x, -1] as const)].sort(([x], [y]) => x - y)
  let [sum, most] = [0, 0]
  all.forEach(([x, side], i) => {
    sum += side
    // Only between different values.
    if (all[i + 1]?.[0] !== x) most = Math.max(most, Math.abs(sum))
  })
  return most / a.length
}
