/** Pre-distorted targets and placed rows, from a tile's ranges to what its layers give. */
import { describe, expect, test } from 'vitest'
import { tilesOf } from '../../../src/domain/crossbar/tiling.js'
import { linearLayers } from '../../../src/domain/encoder/architecture.js'
import type { TileRanges } from '../../../src/engines/analog/parameters.js'
import type { chipWith } from './miniature.js'
import { architecture, batch, everything, ideal, made, rangesOf } from './miniature.js'
import { onChip, type Seen } from './on-chip.js'

const model = made()
const tile = { rows: 24, columns: 20 }
const rows = linearLayers(architecture).flatMap(layer => tilesOf(layer, tile).map(t => t.rows.size))
/** Full scales that leave room above every weight. */
const ranges = rangesOf(model, tile, { inputRange: 1e3, factor: 2 })
const ordered = (order: (i: number, rows: number) => number, preDistorted = false): readonly TileRanges[] =>
  ranges.map((r, k) => {
    const size = rows[k] ?? 0
    return { ...r, preDistorted, rowOrder: Uint32Array.from({ length: size }, (_, i) => order(i, size)) }
  })

const seenWith = async (change: Parameters<typeof chipWith>[0], own: readonly TileRanges[]): Promise<Seen> => {
  const chip = await onChip({ tile, ...change }, { model, ranges: own })
  await chip.readChip({ chip: 1, read: 0, timeSeconds: 3600 })
  const [first] = chip.seen(batch, { chip: 1, read: 0 }).layers
  if (first === undefined) throw new Error('no layer')
  return first
}
const distance = (a: Seen, b: Seen): number =>
  Math.sqrt(a.y.reduce((sum, v, i) => sum + (v - (b.y[i] ?? NaN)) ** 2, 0) / a.y.reduce((sum, v) => sum + v * v, 0))

describe('on a chip without noise', () => {
  const wired = { ...ideal, wireResistanceOhm: 50 }
  const own = (i: number): number => i
  const reversed = (i: number, size: number): number => size - 1 - i

  test('pre-distorted targets give what a chip without wires gives, whatever the order of the rows', async () => {
    const bare = await seenWith(ideal, ranges)
    expect(distance(bare, await seenWith(wired, ranges))).toBeGreaterThan(5e-3)
    for (const order of [own, reversed])
      expect(distance(bare, await seenWith(wired, ordered(order, true)))).toBeLessThan(1e-5)
  })

  test("the rows' own order changes no bit, another one does", async () => {
    const { y } = await seenWith(wired, ranges)
    expect((await seenWith(wired, ordered(own))).y).toEqual(y)
    expect((await seenWith(wired, ordered(reversed))).y).not.toEqual(y)
  })
})

test('without wires neither changes a bit', async () => {
  const chip = { ...everything, wireResistanceOhm: 0 }
  const { y } = await seenWith(chip, ranges)
  expect(
    (
      await seenWith(
        chip,
        ordered(i => i, true),
      )
    ).y,
  ).toEqual(y)
})
