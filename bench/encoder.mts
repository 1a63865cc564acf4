/**
 * The digital RoBERTa-base encoder, random weights, 8 x 128 tokens: tokens/s with one and two workers, memory with each,
 * and beside PyTorch float32 in the same run, if OHMFLOW_PYTHON names a Python that has torch and OHMFLOW_SHARED its peers.
 * Prints a table and, as its last line, JSON.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Architecture } from '../src/domain/encoder/architecture.js'
import type { Batch } from '../src/domain/encoder/algebra.js'
import { loadParameters } from '../src/engines/digital/parameters.js'
import { workerPool } from '../src/engines/workers/pool.js'
import { openWorkbench } from '../src/engines/workbench.js'
import { orThrow } from '../src/io/fault.js'
import { createHeap } from '../src/kernels/heap.js'
import { chosenKernels, kernelsInWords } from '../src/pipelines/kernels.js'
import { machine } from './machine.mjs'

/** RoBERTa-base with a small vocabulary: embeddings are looked up, not multiplied. */
const robertaBase: Architecture = {
  ...{ vocabulary: 1000, positions: 514, tokenTypes: 1, hidden: 768, layers: 12, heads: 12, intermediate: 3072 },
  ...{ layerNormEpsilon: 1e-5, paddingId: 1, labels: 2 },
}
const [sequences, length] = [8, 128]
const tokens = sequences * length

let state = 1
/** Numbers of mean 0 and standard deviation 0.02, as PyTorch's own initialisation; which they are does not matter. */
const filled = (out: Float32Array): void => {
  for (let i = 0; i < out.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    out[i] = (state / 2 ** 31) * 0.0346
  }
}

const heap = createHeap()
const choice = chosenKernels()
const bench = await orThrow(openWorkbench(heap, choice))
const parameters = await loadParameters(
  robertaBase,
  (name, out) => {
    if (name.endsWith('LayerNorm.weight')) out.fill(1)
    else filled(out)
    return Promise.resolve()
  },
  heap,
  bench.kernels,
)

/** One sequence a batch, or several: the pool gives each to whichever worker is free. */
const batches = (size: number): readonly Batch[] =>
  Array.from({ length: sequences / size }, (_, b) => ({
    ids: Int32Array.from({ length: size * length }, (__, i) => 5 + ((i * 7919 + b) % 900)),
    offsets: Int32Array.from({ length: size + 1 }, (__, i) => i * length),
    examples: Int32Array.from({ length: size }, (__, i) => b * size + i),
  }))

const memory = (): number => process.memoryUsage.rss() / 2 ** 20

interface Measured {
  readonly workers: number
  readonly sequencesPerBatch: number
  readonly tokensPerSecond: number
  readonly rssMiB: number
}

/** Best of several rounds: noise only ever adds. */
const measure = async (workers: number, size: number, seconds: number): Promise<Measured> => {
  const pool = workerPool(
    { memory: heap.memory, kernels: { ...choice, kind: bench.loaded.kind }, model: { kind: 'digital', parameters } },
    { threads: workers },
  )
  const round = (): Promise<unknown> => Promise.all(batches(size).map(batch => pool.run(batch)))
  await round()
  let best = Infinity
  for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
    const start = performance.now()
    await round()
    best = Math.min(best, (performance.now() - start) / 1000)
  }
  const rssMiB = Math.round(memory())
  await pool.close()
  return { workers, sequencesPerBatch: size, tokensPerSecond: Math.round(tokens / best), rssMiB }
}

/** PyTorch's digital float32 encoder, two threads; null if it is not there. */
const pytorch = (): number | null => {
  const python = process.env.OHMFLOW_PYTHON ?? ''
  const peers = resolve(import.meta.dirname, '..', process.env.OHMFLOW_SHARED ?? '../shared', 'peers')
  if (python === '' || !existsSync(peers)) return null
  const results = join(mkdtempSync(join(tmpdir(), 'ohmflow-bench-')), 'results.jsonl')
  const run = spawnSync(python, ['fwd_only.py', 'digital', 'reps=5'], {
    cwd: peers,
    env: { ...process.env, RESULTS: results, QUIET_LIMIT: '3', PYTHONDONTWRITEBYTECODE: '1' },
  })
  if (run.status !== 0) return null
  const { tok_s_best } = JSON.parse(readFileSync(results, 'utf8').trim().split('\n').at(-1) ?? '') as {
    tok_s_best: number
  }
  return tok_s_best
}

const seconds = Number(process.env.OHMFLOW_BENCH_SECONDS ?? 8)
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
