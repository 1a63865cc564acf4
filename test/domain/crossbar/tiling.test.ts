import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { split, tilesOf, utilisation } from '../../../src/domain/crossbar/tiling.js'
import { classifierLayers, linearLayers, type Architecture } from '../../../src/domain/encoder/architecture.js'

const robertaBase: Architecture = {
  vocabulary: 50265,
  positions: 514,
  tokenTypes: 1,
  hidden: 768,
  layers: 12,
  heads: 12,
  intermediate: 3072,
  layerNormEpsilon: 1e-5,
  paddingId: 1,
  labels: 2,
}

describe('tiling', () => {
  test.prop([fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 600 })])(
    'splits evenly, larger first, without gap or overlap, into as few pieces as fit',
    (size, limit) => {
      const pieces = split(size, limit)
      const sizes = pieces.map(p => p.size)
      expect(pieces.length).toBe(Math.ceil(size / limit))
      expect(Math.max(...sizes)).toBeLessThanOrEqual(limit)
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
      let next = 0
      for (const p of pieces) {
        expect(p.first).toBe(next)
        next += p.size
      }
      expect(next).toBe(size)
    },
  )

  test('RoBERTa-base with its head is 486 tiles of 512 x 512, 480 of them in the encoder, 85.6 M weights', () => {
    const size = { rows: 512, columns: 512 }
    const tiles = linearLayers(robertaBase).flatMap(l => tilesOf(l, size))
    const head = classifierLayers(robertaBase).flatMap(l => tilesOf(l, size))
    expect([tiles.length, tiles.length - head.length]).toEqual([486, 480])
    const weights = tiles.reduce((n, t) => n + t.rows.size * t.columns.size, 0)
    expect(weights).toBe(12 * (4 * 768 * 768 + 2 * 768 * 3072) + 768 * 768 + 768 * 2)
    expect(tiles.reduce((n, t) => n + utilisation(t, size), 0) * 512 * 512).toBeCloseTo(weights, 3)
  })
})
