/** Where tiles stand on the heap. */
import { describe, expect, test } from 'vitest'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { layOut, tileBytes } from '../../../src/engines/analog/parameters.js'
import { cellsBytes } from '../../../src/kernels/tile.js'
import { chipSettings } from '../../../src/pipelines/analog.js'
import { chipWith, made, rangesOf } from './miniature.js'

const model = made()

const laidOut = async (rows: number, columns: number) => {
  const hardware = chipWith({ tile: { rows, columns }, readNoise: 'per VMM' })
  const heap = createHeap()
  const { architecture, readInto } = model.checkpoint
  const mapping = {
    architecture,
    chip: chipSettings(heap, hardware, 7),
    ranges: rangesOf(model, hardware.tile),
    vectors: null,
  }
  let blocks = 0
  const counted = {
    ...{ f32: heap.f32, u32: heap.u32 },
    allocate: (bytes: number) => {
      blocks += 1
      return heap.allocate(bytes)
    },
  }
  const parameters = await layOut(mapping, (name, out) => orThrow(readInto(name, out)), counted)
  return { parameters, blocks, converters: mapping.chip.converters }
}

describe('a layout', () => {
  test('takes as many blocks of the heap for small tiles as for large ones: each costs a look at all', async () => {
    expect((await laidOut(1, 2)).blocks).toBe((await laidOut(512, 512)).blocks)
  })

  test("gives every tile room of its own, aligned as the heap's blocks", async () => {
    const { parameters, converters } = await laidOut(7, 5)
    const rooms = [...parameters.layers.values()]
      .flatMap(layer => layer.tiles)
      .flatMap(({ rows, columns, cells, variances, column }) => [
        { at: cells, end: cells + tileBytes(rows.size, columns.size, converters) },
        { at: variances, end: variances + cellsBytes(rows.size, columns.size, true) },
        { at: column.fullScales, end: column.firstSums + 8 * columns.size },
        { at: column.gains, end: column.gains + 4 * columns.size },
      ])
      .sort((a, b) => a.at - b.at)
    expect(rooms.every(({ at }) => at > 0 && at % 64 === 0)).toBe(true)
    expect(rooms.every(({ at }, i) => at >= (rooms[i - 1]?.end ?? 0))).toBe(true)
  })
})
