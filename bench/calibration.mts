import { tmpdir } from 'node:os'
import { join } from 'node:path'
/**
 * How long calibration takes on a RoBERTa-base-shaped model, and what memory: sequences of 128 tokens, inputs only (what
 * rules of percentiles need) and with gradients (what the optimal ranges need), for growing numbers of tokens.
 * `npx tsx bench/calibration.mts [tokens ...]`; a minute for each thousand of two cores, most of it gradients.
 */
import { logitContrasts } from '../src/domain/ranges/contrasts.js'
import { calibrated, type Passing } from '../src/pipelines/calibration.js'
import type { CalibrationData, OpenTask } from '../src/pipelines/openTask.js'
import { silent } from '../src/pipelines/progress.js'
import { orThrow } from '../src/io/fault.js'
import { openCheckpoint } from '../src/io/checkpoint/checkpoint.js'
import { machine } from './machine.mjs'

const workers = 2
const length = 128
const tile = { rows: 512, columns: 512 }
const folder = process.env.OHMFLOW_BENCH_CHECKPOINT ?? join(tmpdir(), 'ohmflow-bench-roberta-base')
const checkpoint = await orThrow(openCheckpoint(folder))
const { labels, vocabulary } = checkpoint.architecture

/** As many sequences of made-up ids as there are tokens for. */
const subject = (tokens: number): readonly [OpenTask, CalibrationData] => {
  const examples = Math.ceil(tokens / length)
  let next = 0
  const ids = (): Int32Array =>
    Int32Array.from({ length }, (_, i) => 4 + ((i * 7919 + next * 104_729) % (vocabulary - 4)))
  const dataset = {
    examples: async function* () {
      for (next = 0; next < examples; next++) yield await Promise.resolve({ index: next, text: '', pair: null })
    },
  }
  const open = {
    ...{ checkpoint, source: { task: 'sst2', data: { resolved: '' } }, maxTokens: 512 },
    tokenizer: { encode: ids },
  }
  return [open, { dataset, examples, vectors: 256 }] as unknown as [OpenTask, CalibrationData] // as: all that calibration looks at
}

console.log(`${machine.processor}, ${workers} workers`)
const asked = process.argv.slice(2).map(Number)
for (const tokens of asked.length > 0 ? asked : [1024, 8192])
  for (const observed of ['inputs', 'errors'] as const) {
    const contrasts = observed === 'errors' ? logitContrasts(labels) : null
    const passing: Passing = { observed, tile, contrasts, vectors: observed === 'errors' ? 256 : 0 }
    const [open, data] = subject(tokens)
    const start = performance.now()
    const calibrating = { options: { workers }, progress: silent, before: () => Promise.resolve() }
    const used = await calibrated(open, data, passing, calibrating, ({ heap }) => Promise.resolve(heap.used()))
    const seconds = (performance.now() - start) / 1000
    const rate = `${((tokens * (contrasts?.length ?? 1)) / seconds).toFixed(0)} tokens/s`
    const memory = `${(used / 2 ** 20).toFixed(0)} MiB on the heap, ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB in all`
    console.log(`${tokens} tokens, ${observed}: ${seconds.toFixed(1)} s (${rate}, loading included), ${memory}`)
  }
