/**
 * The engine on TensorFlow.js beside the digital one, each in the calling thread: tokens/s of a random encoder of 6 layers
 * of 384, in a batch of 4 sequences, and what loading it adds to memory. tfjs-node is measured where it is installed.
 * Prints a table and, as its last line, JSON. Run: npx tsx bench/tensorflow.mts
 */
import type { Architecture } from '../src/domain/encoder/architecture.js'
import { buildInWords } from '../src/domain/experiment/tensorflow.js'
import { loadParameters } from '../src/engines/digital/parameters.js'
import type { Engine } from '../src/engines/engine.js'
import { inProcess } from '../src/engines/inProcess.js'
import { tensorFlowEngine } from '../src/engines/tensorflow/engine.js'
import { loadTensorFlow } from '../src/engines/tensorflow/load.js'
import { loadTensors } from '../src/engines/tensorflow/parameters.js'
import { openWorkbench } from '../src/engines/workbench.js'
import { orThrow } from '../src/io/fault.js'
import { createHeap } from '../src/kernels/heap.js'
import { batchOf } from '../src/pipelines/batches.js'
import { chosenKernels, kernelsInWords } from '../src/pipelines/kernels.js'
import { machine } from './machine.mjs'

const architecture: Architecture = {
  ...{ vocabulary: 1000, positions: 514, tokenTypes: 1, hidden: 384, layers: 6, heads: 12, intermediate: 1536 },
  ...{ layerNormEpsilon: 1e-5, paddingId: 1, labels: 2 },
}
const [sequences, length] = [4, 32]
const rounds = 3
const batch = batchOf(
  Array.from({ length: sequences }, (_, example) => ({
    ids: Int32Array.from({ length }, (__, i) => 5 + ((i * 7919 + example) % 900)),
    example,
  })),
)

let state = 1
const read = (name: string, out: Float32Array): Promise<void> => {
  for (let i = 0; i < out.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    out[i] = name.endsWith('LayerNorm.weight') ? 1 : (state / 2 ** 31) * 0.0346
  }
  return Promise.resolve()
}

/** Best of a few: noise only ever adds. */
const tokensPerSecond = async (engine: Engine): Promise<number> => {
  await engine.run(batch)
  let best = Infinity
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    await engine.run(batch)
    best = Math.min(best, (performance.now() - start) / 1000)
  }
  await engine.close()
  return Math.round((10 * sequences * length) / best) / 10
}
const mebibytes = (): number => Math.round(process.memoryUsage.rss() / 2 ** 20)

const heap = createHeap()
const bench = await orThrow(openWorkbench(heap, chosenKernels()))
const ours = inProcess(bench, {
  kind: 'digital',
  parameters: await loadParameters(architecture, read, heap, bench.kernels),
})
const own = await tokensPerSecond(ours)

const before = mebibytes()
const { tf, build } = await orThrow(loadTensorFlow('TensorFlow.js', ''))
const loadedMiB = mebibytes() - before
const other = await tokensPerSecond(tensorFlowEngine(tf, await loadTensors(tf, architecture, read)))

const measured = [
  { engine: `ohmflow, ${bench.loaded.kind}, one thread`, tokensPerSecond: own },
  { engine: buildInWords(build), tokensPerSecond: other },
]
console.table(measured)
console.log(`ours is ${Math.round(own / other)} times as fast; loading ${build.package} takes ${loadedMiB} MiB`)
console.log(
  JSON.stringify({ bench: 'tensorflow', machine, kernels: kernelsInWords(bench.loaded), measured, loadedMiB }),
)
