/** Run in a process of its own by process.test.ts: `node --import tsx process.ts WHAT`; prints what it found as JSON. */
import { createHeap } from '../../../src/kernels/heap.js'
import { loadParameters } from '../../../src/engines/digital/parameters.js'
import { workerPool } from '../../../src/engines/workers/pool.js'
import { openWorkbench } from '../../../src/engines/workbench.js'
import type { Architecture } from '../../../src/domain/encoder/architecture.js'
import { orThrow } from '../../../src/io/fault.js'
import { batchFrom } from '../model.js'

const architecture = (vocabulary: number): Architecture => ({
  ...{ vocabulary, positions: 514, tokenTypes: 1, hidden: 32, layers: 1, heads: 4, intermediate: 64 },
  ...{ layerNormEpsilon: 1e-5, paddingId: 1, labels: 2 },
})

const open = async (vocabulary: number) => {
  const heap = createHeap()
  const bench = await orThrow(openWorkbench(heap, {}))
  const parameters = await loadParameters(
    architecture(vocabulary),
    (_, out) => Promise.resolve(void out.fill(0.01)),
    heap,
    bench.kernels,
  )
  const model = { kind: 'digital', parameters } as const
  return { setup: { memory: heap.memory, kernels: { kind: bench.loaded.kind }, model }, heap }
}
const batch = batchFrom([{ ids: [0, 5, 6, 2] }])
const say = (found: unknown): void => console.log(JSON.stringify(found))

const scenes: Readonly<Record<string, () => Promise<void>>> = {
  /** Resident bytes before the weights, with them, with one worker over them and with two. */
  memory: async () => {
    const before = process.memoryUsage.rss()
    const { setup, heap } = await open(2_500_000)
    const weights = process.memoryUsage.rss()
    const one = workerPool(setup, { threads: 1 })
    await one.run(batch)
    const withOne = process.memoryUsage.rss()
    const another = workerPool(setup, { threads: 1 })
    await another.run(batch)
    const withTwo = process.memoryUsage.rss()
    await Promise.all([one.close(), another.close()])
    say({ block: heap.used(), before, weights, withOne, withTwo })
  },
  /** Resident bytes after each of some engines on heaps of their own was closed, all in the same threads; with what each had. */
  successive: async () => {
    const resident: number[] = []
    let block = 0
    for (let i = 0; i < 4; i++) {
      await (async () => {
        const { setup, heap } = await open(1_000_000)
        const pool = workerPool(setup, { threads: 2 })
        await Promise.all([pool.run(batch), pool.run(batch)])
        await pool.close()
        block = heap.used()
      })()
      // Each thread collects once it is closed, when it comes to it; this one when it is told to. What is never let go of
      // is still there after a minute.
      const [least = 0] = resident
      const held = (): boolean => resident.length > 0 && process.memoryUsage.rss() - least >= 0.5 * block
      for (let k = 0; k < 5 || (held() && k < 600); k++) {
        await new Promise(resolve => setTimeout(resolve, 100))
        gc?.()
      }
      resident.push(process.memoryUsage.rss())
    }
    say({ block, resident })
  },
  /** What engines of so many threads leave on a heap. */
  blocks: async () => {
    const { setup, heap } = await open(100)
    const used: number[] = []
    for (let i = 0; i < 3; i++) {
      const pool = workerPool(setup, { threads: 3 })
      await Promise.all([pool.run(batch), pool.run(batch), pool.run(batch)])
      await pool.close()
      used.push(heap.used())
    }
    say(used)
  },
  /** Nothing is left to keep the process once the pool is closed. */
  closed: async () => {
    const { setup } = await open(100)
    const pool = workerPool(setup, { threads: 2 })
    await Promise.all([pool.run(batch), pool.run(batch)])
    await pool.close()
    say('closed')
  },
  /** Close was forgotten: idle threads do not keep the process. */
  forgotten: async () => {
    const { setup } = await open(100)
    const pool = workerPool(setup, { threads: 2 })
    await Promise.all([pool.run(batch), pool.run(batch)])
    say('forgotten')
  },
  /** Nothing but a running batch keeps the process, and it does. */
  working: async () => {
    const { setup } = await open(100)
    void workerPool(setup, { threads: 1 })
      .run(batch)
      .then(({ logits }) => say(logits.length))
  },
  /** A thread that uses up its memory, and the pool after it. */
  exhausted: async () => {
    const { setup } = await open(100)
    const pool = workerPool(setup, { threads: 1, module: new URL('./scripted.mjs', import.meta.url) })
    const message = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'resolved', String)
    const found = await Promise.all([message(pool.run(batchFrom([{ ids: [5] }]))), message(pool.run(batch))])
    await pool.close()
    say(found)
  },
}

await scenes[process.argv[2] ?? '']?.()
