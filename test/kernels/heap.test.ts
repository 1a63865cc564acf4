import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { Worker } from 'node:worker_threads'
import { attachHeap, createHeap } from '../../src/kernels/heap.js'
import { createScratch } from '../../src/kernels/scratch.js'

describe('heap', () => {
  const sizes = fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 300_000 }), drop: fc.nat() }), { maxLength: 60 })
  test.prop([sizes], { numRuns: 30 })(
    'blocks are aligned, do not overlap and keep their bytes while others come and go',
    steps => {
      const heap = createHeap()
      const live: { at: number; bytes: number; mark: number }[] = []
      steps.forEach(({ bytes, drop }, i) => {
        const at = heap.allocate(bytes)
        expect(at % 64).toBe(0)
        expect(at).toBeGreaterThan(0)
        heap.u8(at, bytes).fill(i + 1)
        live.push({ at, bytes, mark: i + 1 })
        if (drop % 3 === 0) {
          const [gone] = live.splice(drop % live.length, 1)
          if (gone !== undefined) heap.free(gone.at)
        }
      })
      for (const { at, bytes, mark } of live) expect(heap.u8(at, bytes).every(b => b === mark)).toBe(true)
      for (const { at } of live) heap.free(at)
      expect(heap.used()).toBe(0)
    },
  )

  test('what was freed is used again', () => {
    const heap = createHeap()
    const before = Array.from({ length: 50 }, () => heap.allocate(1 << 20))
    const size = heap.memory.buffer.byteLength
    for (let round = 0; round < 20; round++) {
      before.forEach(at => heap.free(at))
      before.splice(0, before.length, ...Array.from({ length: 49 }, () => heap.allocate((1 << 20) + round * 64)))
    }
    expect(heap.memory.buffer.byteLength).toBe(size)
  })

  test('refuses what it did not allocate, and a second free', () => {
    const heap = createHeap()
    const at = heap.allocate(100)
    expect(() => heap.free(at + 64)).toThrow(RangeError)
    expect(() => heap.free(0)).toThrow(RangeError)
    heap.free(at)
    expect(() => heap.free(at)).toThrow(RangeError)
    expect(() => heap.allocate(-1)).toThrow(RangeError)
    expect(() => heap.allocate(NaN)).toThrow(RangeError)
  })

  test('says that 4 GiB are spent, and stays usable', () => {
    const heap = createHeap()
    expect(() => heap.allocate(2 ** 32)).toThrow(/4 GiB/)
    expect(heap.i32(heap.allocate(64), 16)).toHaveLength(16)
  })

  test('another thread sees the same bytes and may allocate', async () => {
    const heap = createHeap()
    const at = heap.allocate(8)
    heap.i32(at, 2).set([7, 8])
    // Grows in the worker, plain JavaScript as a worker cannot load TypeScript here.
    const worker = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads')
       workerData.memory.grow(100)
       const words = new Int32Array(workerData.memory.buffer)
       words[workerData.at / 4] += 1
       parentPort.postMessage(words.length)`,
      { eval: true, workerData: { memory: heap.memory, at } },
    )
    const words = await new Promise<number>((done, fail) => worker.on('message', done).on('error', fail))
    await worker.terminate()
    expect(heap.i32(at, 2)).toEqual(Int32Array.of(8, 8))
    expect(heap.i32(4 * words - 64, 16)).toHaveLength(16)
    expect(attachHeap(heap.memory).i32(at, 1)[0]).toBe(8)
  })
})

describe('scratch', () => {
  test.prop([fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 40 })], { numRuns: 30 })(
    'nested blocks do not overlap; afterwards their place is taken again; close gives all back',
    sizes => {
      const heap = createHeap()
      const scratch = createScratch(heap, 4096)
      const nest = (i: number): void => {
        const bytes = sizes[i]
        if (bytes === undefined) return
        scratch.within(() => {
          const at = scratch.take(bytes)
          heap.u8(at, bytes).fill(i + 1)
          nest(i + 1)
          expect(heap.u8(at, bytes).every(b => b === i + 1)).toBe(true)
        })
      }
      nest(0)
      const peak = heap.used()
      nest(0)
      expect(heap.used()).toBe(peak)
      scratch.close()
      expect(heap.used()).toBe(0)
    },
  )
})
