/**
 * One training step (forward, backward, AdamW), plain and hardware-aware (noise on weights and outputs, 8-bit converters,
 * learned ranges), of RoBERTa-base, random weights, 8 x 128 tokens, two workers:
 * tokens/s and memory, values kept and recomputed, and beside PyTorch's step of its encoder in the same run, if
 * OHMFLOW_PYTHON names a Python that has torch and OHMFLOW_SHARED its peers. Arguments: names of rows, to measure only those. Prints a table and, as its last line, JSON.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Architecture } from '../src/domain/encoder/architecture.js'
import type { Batch } from '../src/domain/encoder/algebra.js'
import { clipCoefficient, usual } from '../src/engines/training/optimise.js'
import { loadTrainingParameters, type TrainingParameters } from '../src/engines/training/parameters.js'
import { trainer, type Trainer } from '../src/engines/training/trainer.js'
import { placeHardware } from '../src/engines/training/hardware/model.js'
import type { TaskEngine } from '../src/engines/interpreter.js'
import { learnableRanges } from '../src/domain/experiment/training.js'
import { nothingAware } from '../src/domain/training/hardware-aware.js'
import { workerPool } from '../src/engines/workers/pool.js'
import { openWorkbench } from '../src/engines/workbench.js'
import { orThrow } from '../src/io/fault.js'
import { createHeap } from '../src/kernels/heap.js'
import { chosenKernels, kernelsInWords } from '../src/pipelines/kernels.js'
import { machine } from './machine.mjs'
import { length, randomWeights, sequences, tokens } from './robertaBase.mjs'

const robertaBase: Architecture = {
  ...{ vocabulary: 50_265, positions: 514, tokenTypes: 1, hidden: 768, layers: 12, heads: 12, intermediate: 3072 },
  ...{ layerNormEpsilon: 1e-5, paddingId: 1, labels: 2 },
}
const workers = Number(process.env.OHMFLOW_WORKERS ?? 2)
const seconds = Number(process.env.OHMFLOW_BENCH_SECONDS ?? 20)
/** Names of what is measured: for memory, one, since a process gives none back. None: all. */
const wanted = process.argv.slice(2)

const heap = createHeap()
const choice = chosenKernels()
const bench = await orThrow(openWorkbench(heap, choice))
const parameters = await loadTrainingParameters(robertaBase, randomWeights, heap, true)
const hardware = placeHardware(
  parameters,
  {
    ...nothingAware(),
    ...{ dac: { bits: 8 }, adc: { bits: 8, bound: 12 }, outputNoise: 0.1, learn: learnableRanges },
    weightNoise: { rule: 'constant', deviation: 0.06, relativeTo: 'tile' },
  },
  heap,
)
const poolOf = (model: TrainingParameters): TaskEngine =>
  workerPool(
    {
      ...{ memory: heap.memory, kernels: { ...choice, kind: bench.loaded.kind } },
      model: { kind: 'training', parameters: model } as const,
    },
    { threads: workers },
  )

const batch: Batch = {
  ids: Int32Array.from({ length: tokens }, (_, i) => 5 + ((i * 7919) % 50_000)),
  offsets: Int32Array.from({ length: sequences + 1 }, (_, i) => i * length),
  examples: Int32Array.from({ length: sequences }, (_, i) => i),
}
const loss = { kind: 'cross entropy', labels: Int32Array.from(batch.examples, i => i % 2), count: sequences } as const

interface Timed {
  /** Processor time of all threads. */
  readonly cpu: number
  readonly gradient: number
  readonly norm: number
  readonly update: number
}
let steps = 0
const step = async (t: Trainer, dropout: number, aware: boolean): Promise<Timed> => {
  steps += 1
  const before = process.cpuUsage()
  const times = [performance.now()]
  const lap = (): number => times.push(performance.now())
  const masks = dropout === 0 ? null : { seed: 1, step: steps, hidden: dropout, attention: dropout }
  await t.gradient(batch, loss, masks, aware ? { seed: 1, step: steps } : null)
  lap()
  const norm = Math.sqrt([...(await t.squaredNorms()).values()].reduce((a, b) => a + b, 0))
  lap()
  await t.update({ ...usual, step: steps, learningRate: 1e-5, weightDecay: 0.01, clip: clipCoefficient(norm, 1) })
  lap()
  const [a = 0, b = 0, c = 0, d = 0] = times
  const { user, system } = process.cpuUsage(before)
  return { cpu: (user + system) / 1e6, gradient: (b - a) / 1000, norm: (c - b) / 1000, update: (d - c) / 1000 }
}

interface Measured extends Timed {
  readonly what: string
  readonly tokensPerSecond: number
  readonly rssMiB: number
  readonly heapMiB: number
}

/** Best of several steps: noise only ever adds. */
const measure = async (
  what: string,
  keeping: 'kept' | 'recomputed',
  dropout: number,
  aware = false,
): Promise<Measured> => {
  const model = aware ? hardware : parameters
  const pool = poolOf(model)
  const t = trainer(pool, heap, model, { groups: workers, groupTokens: 1024, keeping })
  if (aware) await t.initialiseRanges([batch])
  await step(t, dropout, aware)
  let best: Timed = { cpu: Infinity, gradient: Infinity, norm: 0, update: 0 }
  const total = (s: Timed): number => s.gradient + s.norm + s.update
  for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
    const timed = await step(t, dropout, aware)
    const cpu = Math.min(best.cpu, timed.cpu)
    best = { ...(total(timed) < total(best) ? timed : best), cpu }
  }
  const [rssMiB, heapMiB] = [process.memoryUsage.rss(), heap.used()].map(b => Math.round(b / 2 ** 20)) as [
    number,
    number,
  ]
  await pool.close()
  return { what, tokensPerSecond: Math.round(tokens / total(best)), ...best, rssMiB, heapMiB }
}

interface Peer {
  readonly tok_s_best: number
  readonly median_s: number
  readonly cpu_per_wall: number
}

/** PyTorch's step with Adam, two threads; null if it is not there. */
const pytorch = (): Peer | null => {
  const python = process.env.OHMFLOW_PYTHON ?? ''
  const peers = resolve(import.meta.dirname, '..', process.env.OHMFLOW_SHARED ?? '../shared', 'peers')
  if (python === '' || !existsSync(peers)) return null
  const results = join(mkdtempSync(join(tmpdir(), 'ohmflow-bench-')), 'results.jsonl')
  const run = spawnSync(python, ['train_step.py', 'digital', 'reps=4'], {
    cwd: peers,
    env: { ...process.env, RESULTS: results, QUIET_LIMIT: '3', PYTHONDONTWRITEBYTECODE: '1' },
  })
  if (run.status !== 0) return null
  const lines = readFileSync(results, 'utf8').trim().split('\n')
  const records = lines.map(line => JSON.parse(line) as Partial<Peer>)
  return (records.find(p => p.tok_s_best !== undefined) as Peer | undefined) ?? null
}

const measured: Measured[] = []
const measureAll = async (...variants: readonly Parameters<typeof measure>[]): Promise<void> => {
  for (const variant of variants)
    if (wanted.length === 0 || wanted.includes(variant[0])) measured.push(await measure(...variant))
}
await measureAll(
  ['recomputed', 'recomputed', 0],
  ['kept', 'kept', 0],
  ['hardware-aware, recomputed', 'recomputed', 0, true],
  ['hardware-aware', 'kept', 0, true],
)
const peer = wanted.length === 0 ? pytorch() : null
await measureAll(['kept, dropout 0.1', 'kept', 0.1], ['kept, again', 'kept', 0])

const best = (what: RegExp): number => Math.max(...measured.filter(m => what.test(m.what)).map(m => m.tokensPerSecond))
const plain = best(/^kept(, again)?$/)
console.table(measured)
console.log(`hardware-aware: ${(best(/^hardware-aware$/) / plain).toFixed(2)} times the plain step`)
console.log(`kernels: ${kernelsInWords(bench.loaded)}; ${workers} workers`)
if (peer === null) console.log('PyTorch: not measured (set OHMFLOW_PYTHON)')
else {
  const cpu = Math.min(...measured.filter(m => /^kept(, again)?$/.test(m.what)).map(m => m.cpu))
  const theirs = peer.median_s * peer.cpu_per_wall
  console.log(
    `PyTorch's step without embeddings, two threads: ${peer.tok_s_best} tokens/s; ours is ${(plain / peer.tok_s_best).toFixed(2)} times that`,
  )
  console.log(`hardware-aware: ${(best(/^hardware-aware$/) / peer.tok_s_best).toFixed(2)} times PyTorch's plain step`)
  console.log(`processor time of a step: ${theirs.toFixed(2)} s; ours is ${(cpu / theirs).toFixed(2)} times that`)
}
console.log(
  JSON.stringify({
    bench: 'training',
    machine,
    kernels: kernelsInWords(bench.loaded),
    workers,
    measured,
    pytorchTokensPerSecond: peer?.tok_s_best ?? null,
  }),
)
