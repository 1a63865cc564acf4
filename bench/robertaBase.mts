/** What the benches of the encoder share: RoBERTa-base's shape, 8 x 128 tokens, and PyTorch's time for the same. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Batch } from '../src/domain/encoder/algebra.js'
import type { Engine } from '../src/engines/engine.js'

export const [sequences, length] = [8, 128]
export const tokens = sequences * length

let state = 1

/** Numbers of mean 0 and standard deviation 0.02, as PyTorch's own initialisation; which they are does not matter. */
export const randomWeights = (name: string, out: Float32Array): Promise<void> => {
  if (name.endsWith('LayerNorm.weight')) out.fill(1)
  else
    for (let i = 0; i < out.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      out[i] = (state / 2 ** 31) * 0.0346
    }
  return Promise.resolve()
}

/** One sequence a batch, or several: the pool gives each to whichever worker is free. */
export const batches = (size: number): readonly Batch[] =>
  Array.from({ length: sequences / size }, (_, b) => ({
    ids: Int32Array.from({ length: size * length }, (__, i) => 5 + ((i * 7919 + b) % 900)),
    offsets: Int32Array.from({ length: size + 1 }, (__, i) => i * length),
    examples: Int32Array.from({ length: size }, (__, i) => b * size + i),
  }))

/** Best of several rounds, in tokens/s: noise only ever adds. */
export const tokensPerSecond = async (engine: Pick<Engine, 'run'>, size: number, seconds: number): Promise<number> => {
  const round = (): Promise<unknown> => Promise.all(batches(size).map(batch => engine.run(batch)))
  await round()
  let best = Infinity
  for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
    const start = performance.now()
    await round()
    best = Math.min(best, (performance.now() - start) / 1000)
  }
  return Math.round(tokens / best)
}

export const bestSeconds = Number(process.env.OHMFLOW_BENCH_SECONDS ?? 8)

/** PyTorch's digital float32 encoder, two threads, in tokens/s; null if OHMFLOW_PYTHON names none. */
export const pytorch = (): number | null => {
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
