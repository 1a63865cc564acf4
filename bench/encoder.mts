/**
 * The digital RoBERTa-base encoder, random weights, 8 x 128 tokens: tokens/s with one and two workers, memory with each,
 * and beside PyTorch float32 in the same run, if OHMFLOW_PYTHON names a Python that has torch and OHMFLOW_SHARED its peers.
 * Prints a table and, as its last line, JSON.
 */
import type { Architecture } from '../src/domain/encoder/architecture.js'
import { loadParameters } from '../src/engines/digital/parameters.js'
import { workerPool } from '../src/engines/workers/pool.js'
import { openWorkbench } from '../src/engines/workbench.js'
import { orThrow } from '../src/io/fault.js'
import { createHeap } from '../src/kernels/heap.js'
import { chosenKernels, kernelsInWords } from '../src/pipelines/kernels.js'
import { machine } from './machine.mjs'
import { bestSeconds, pytorch, randomWeights, tokensPerSecond } from './robertaBase.mjs'

/** RoBERTa-base with a small vocabulary: embeddings are looked up, not multiplied. */
const robertaBase: Architecture = {
  ...{ vocabulary: 1000, positions: 514, tokenTypes: 1, hidden: 768, layers: 12, heads: 12, intermediate: 3072 },
  ...{ layerNormEpsilon: 1e-5, paddingId: 1, labels: 2 },
}
const heap = createHeap()
const choice = chosenKernels()
const bench = await orThrow(openWorkbench(heap, choice))
const parameters = await loadParameters(robertaBase, randomWeights, heap, bench.kernels)

const memory = (): number => process.memoryUsage.rss() / 2 ** 20

interface Measured {
  readonly workers: number
  readonly sequencesPerBatch: number
  readonly tokensPerSecond: number
  readonly rssMiB: number
}

const measure = async (workers: number, size: number, seconds: number): Promise<Measured> => {
  const pool = workerPool(
    { memory: heap.memory, kernels: { ...choice, kind: bench.loaded.kind }, model: { kind: 'digital', parameters } },
    { threads: workers },
  )
  const best = await tokensPerSecond(pool, size, seconds)
  const rssMiB = Math.round(memory())
  await pool.close()
  return { workers, sequencesPerBatch: size, tokensPerSecond: best, rssMiB }
}

const seconds = bestSeconds
const measured: Measured[] = []
for (const size of [1, 2, 4]) for (const workers of [1, 2]) measured.push(await measure(workers, size, seconds))
const peer = pytorch()
const again = await measure(2, 2, seconds)
measured.push(again)

const best = (workers: number): number =>
  Math.max(...measured.filter(m => m.workers === workers).map(m => m.tokensPerSecond))
console.table(measured)
console.log(`kernels: ${kernelsInWords(bench.loaded)}`)
console.log(`two workers against one: ${(best(2) / best(1)).toFixed(2)}`)
console.log(
  peer === null
    ? 'PyTorch: not measured (set OHMFLOW_PYTHON)'
    : `PyTorch float32, two threads: ${peer} tokens/s; ours is ${(best(2) / peer).toFixed(2)} times that`,
)
console.log(
  JSON.stringify({
    bench: 'encoder',
    machine,
    kernels: kernelsInWords(bench.loaded),
    measured,
    pytorchTokensPerSecond: peer,
  }),
)
