// One thread of threads.test.ts. Node 20 workers do not load TypeScript by themselves: tsx is registered first.
import { parentPort, workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
const { attachHeap } = await import('../../src/kernels/heap.ts')
const { loadKernels } = await import('../../src/kernels/load.ts')

const { memory, choice, call, rounds, y } = workerData
const heap = attachHeap(memory)
const loaded = await loadKernels(heap, choice)()
if (loaded._tag === 'Left') throw new Error(JSON.stringify(loaded.left))
const mine = heap.allocate(4 * call.rows * call.columns)
for (let i = 0; i < rounds; i++) loaded.right.kernels.product({ ...call, y: mine })
heap.f32(y, call.rows * call.columns).set(heap.f32(mine, call.rows * call.columns))
parentPort.postMessage(loaded.right.kind)
