/** Threads share one heap: weights stand once, allocation is safe, stacks do not meet. */
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { panelsBytes } from '../../src/kernels/kernels.js'
import { fast, heap, reference } from './paths.js'

const [rows, inner, columns] = [96, 300, 400]
const filled = (length: number, f: (i: number) => number): number => {
  const at = heap.allocate(4 * length)
  heap.f32(at, length).set(Float32Array.from({ length }, (_, i) => f(i)))
  return at
}

describe('kernels in threads', () => {
  const kinds = fast.some(([name]) => name !== 'wasm') ? (['wasm', 'native'] as const) : (['wasm'] as const)
  for (const kind of kinds)
    test(`${kind}: three threads over the same weights give the bits of one`, async () => {
      const panels = heap.allocate(panelsBytes(inner, columns))
      reference.pack({ panels, w: filled(inner * columns, Math.cos), inner, columns })
      const call = { x: filled(rows * inner, Math.sin), panels, bias: 0, rows, inner, columns }
      const expected = heap.allocate(4 * rows * columns)
      reference.product({ ...call, y: expected })
      const results = [1, 2, 3].map(() => heap.allocate(4 * rows * columns))
      const used = await Promise.all(
        results.map(async y => {
          const workerData = { memory: heap.memory, choice: { kind }, call, rounds: 50, y }
          const worker = new Worker(new URL('thread.mjs', import.meta.url), { workerData })
          const answer = await new Promise((done, fail) => worker.on('message', done).on('error', fail))
          await worker.terminate()
          return answer
        }),
      )
      expect(used).toEqual([kind, kind, kind])
      const bits = (at: number): Int32Array => heap.i32(at, rows * columns)
      for (const y of results) expect(bits(y)).toEqual(bits(expected))
    })
})
