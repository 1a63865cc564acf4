/** The pool's scheduling and its ways of failing, with worker threads that do as they are told (scripted.mjs). */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { Parameters } from '../../../src/engines/digital/parameters.js'
import type { Engine } from '../../../src/engines/engine.js'
import { workerPool } from '../../../src/engines/workers/pool.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { batchFrom } from '../model.js'

const parameters: Parameters = {
  architecture: {
    ...{ vocabulary: 20, positions: 10, tokenTypes: 1, hidden: 4, layers: 0, heads: 1, intermediate: 4 },
    ...{ layerNormEpsilon: 1e-5, paddingId: 1, labels: 4 },
  },
  ...{ words: 0, positions: 0, tokenType: 0, linear: new Map(), norms: new Map() },
}
const heap = createHeap()
const { memory } = heap
const model = { kind: 'digital', parameters } as const
const module = new URL('./scripted.mjs', import.meta.url)
const pool = (threads: number): Engine => workerPool({ memory, kernels: {}, model }, { threads, module })

const { give, sleep, fail, exit, throwOutside, leave, hold } = {
  give: 0,
  sleep: 1,
  fail: 2,
  exit: 3,
  throwOutside: 4,
  leave: 6,
  hold: 7,
}
const run = (engine: Engine, ...ids: readonly number[]) => engine.run(batchFrom([{ ids }]))
const idsOf = async (engine: Engine, ...ids: readonly number[]) =>
  Array.from((await run(engine, ...ids)).logits).slice(0, ids.length)
const threadOf = async (engine: Engine, ...ids: readonly number[]) => (await run(engine, ...ids)).firstTokens[0]?.[0]
const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'resolved',
    (error: unknown) => (error instanceof Error ? error.message : 'not an error'),
  )

describe('a pool of workers', () => {
  test.prop([fc.integer({ min: 1, max: 3 }), fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 20 })], {
    numRuns: 8,
  })(
    'gives each batch its own outputs, however many threads and however long each takes',
    async (threads, milliseconds) => {
      const engine = pool(threads)
      expect(engine.inFlight).toBe(2 * threads)
      const found = await Promise.all(milliseconds.map((ms, i) => idsOf(engine, sleep, ms, i)))
      expect(found).toEqual(milliseconds.map((ms, i) => [sleep, ms, i]))
      await engine.close()
    },
  )

  test('gives waiting batches to whichever thread is free', async () => {
    const engine = pool(2)
    const word = heap.allocate(4)
    heap.i32(word, 1)[0] = 0
    const long = threadOf(engine, hold, word)
    const short = await Promise.all(Array.from({ length: 20 }, () => threadOf(engine, sleep, 1)))
    heap.i32(word, 1)[0] = 1
    const slow = await long
    expect(short.filter(thread => thread !== slow)).toHaveLength(20)
    await engine.close()
  })

  test('starts no more threads than it has work for', async () => {
    const engine = pool(256)
    const first = await threadOf(engine, give)
    expect(await threadOf(engine, give)).toBe(first)
    await engine.close()
  })

  test('hands over a copy: the batch stays the caller’s', async () => {
    const engine = pool(1)
    const batch = batchFrom([{ ids: [give, 7, 8] }])
    const blocked = run(engine, sleep, 30)
    const second = engine.run({ ...batch, ids: batch.ids.subarray(0) })
    batch.ids[1] = 9
    expect(Array.from((await second).logits).slice(0, 3)).toEqual([give, 7, 8])
    expect(Array.from(batch.ids)).toEqual([give, 9, 8])
    await blocked
    await engine.close()
  })

  test('an error in a batch rejects that batch alone, with its name, message and stack', async () => {
    const engine = pool(1)
    const [before, failed, after] = await Promise.allSettled([run(engine, give), run(engine, fail), run(engine, give)])
    expect([before.status, failed.status, after.status]).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    const reason: unknown = failed.status === 'rejected' ? failed.reason : null
    expect(reason).toBeInstanceOf(Error)
    expect(reason).toMatchObject({ name: 'RangeError', message: 'told to', stack: 'its stack' })
    await engine.close()
  })

  test.each([
    ['exits', [exit, 7], 'a worker thread died: exit code 7'],
    ['exits as if all were well', [exit, 0], 'a worker thread died: exit code 0'],
    ['throws outside a batch', [throwOutside], 'a worker thread died: outside a batch'],
    ['ends quietly', [leave], 'a worker thread died: exit code 0'],
  ])('a thread that %s rejects everything begun, waiting or still to come', async (_, ids, message) => {
    const engine = pool(2)
    const all = [run(engine, sleep, 600_000), run(engine, ...ids), run(engine, give), run(engine, give)]
    for (const found of await Promise.all(all.map(messageOf))) expect(found).toContain(message)
    expect(await messageOf(run(engine, give))).toContain(message)
    await engine.close()
  })

  test('a module that cannot be loaded rejects, and closes', async () => {
    const engine = workerPool(
      { memory, kernels: {}, model },
      { threads: 1, module: new URL('./absent.mjs', import.meta.url) },
    )
    expect(await messageOf(run(engine, give))).toMatch(/a worker thread died: .*absent\.mjs/)
    await engine.close()
  })

  test('close lets what runs finish, refuses what waits and what comes, and may be called again', async () => {
    const engine = pool(1)
    const running = idsOf(engine, sleep, 50)
    const waiting = messageOf(run(engine, give))
    const closing = Promise.all([engine.close(), engine.close()])
    expect(await waiting).toBe('the engine was closed')
    expect(await messageOf(run(engine, give))).toBe('the engine was closed')
    await closing
    expect(await running).toEqual([sleep, 50])
    await engine.close()
  })

  test('closes without ever having run', async () => {
    await pool(3).close()
  })

  test.each([0, 257, 1.5, NaN])('takes 1 to 256 threads, not %s', threads => {
    expect(() => pool(threads)).toThrow(/"threads" expected a whole number from 1 to 256, got/)
  })
})
