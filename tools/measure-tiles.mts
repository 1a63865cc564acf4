/**
 * What tiles do to the outputs of every linear layer of the real models, in relative L2 norm, on inputs of two kinds (standard
 * normal; what the layer receives for the first examples of the task's dev set): IR drop of noiseless devices at 0.35 ohm and 25 µS, and
 * what is left of it at the layer's best common factor; * the int16 grid as a share of programming noise alone, which must be below 1 %. Ends with 1 if it is not.
 * `tsx tools/measure-tiles.mts [model ...]` prints two lines a layer, then each model's mean and largest value; a minute.
 */
import { linearLayers } from '../src/domain/encoder/architecture.js'
import { logits } from '../src/domain/encoder/roberta.js'
import { tasks, type TaskName } from '../src/domain/tasks/task.js'
import { digitalAlgebra, type Activation } from '../src/engines/digital/algebra.js'
import { loadParameters } from '../src/engines/digital/parameters.js'
import { openWorkbench, type Workbench } from '../src/engines/workbench.js'
import { orThrow } from '../src/io/fault.js'
import { openDataset } from '../src/io/glue/dataset.js'
import { createHeap } from '../src/kernels/heap.js'
import { batchOf } from '../src/pipelines/batches.js'
import { openModel, type Model } from '../src/pipelines/openTask.js'
import { gridChange, irDropChange, normalInputs, type Layer } from '../test/kernels/layer-change.js'
import { tileOf, type TileUnderTest } from '../test/kernels/tile-under-test.js'
import { shared } from '../test/shared.js'

const load = 0.35 * 25e-6
const examples = 16
const normalVectors = 32
/** Of a layer's inputs at most this many are kept, evenly spread over the tokens. */
const vectors = 64

/** What each layer receives for the first examples, by its name: [vectors, inputs]. */
const received = async (bench: Workbench, model: Model, task: TaskName): Promise<ReadonlyMap<string, Float32Array>> => {
  const { checkpoint, tokenizer } = model
  const { architecture } = checkpoint
  const { heap, kernels, scratch } = bench
  const read = (name: string, out: Float32Array): Promise<void> => orThrow(checkpoint.readInto(name, out))
  const parameters = await loadParameters(architecture, read, heap, kernels)
  const dataset = await orThrow(openDataset(tasks[task], shared('data/glue-hf', task), 'dev'))
  const sequences = []
  for await (const { index, text, pair } of dataset.examples()) {
    if (sequences.length === examples) break
    sequences.push({ example: index, ids: tokenizer.encode(text, pair, model.maxTokens) })
  }
  const batch = batchOf(sequences)
  const inputs = new Map<string, Float32Array>()
  scratch.within(() => {
    const algebra = digitalAlgebra(bench, parameters, batch)
    const kept = (layer: string, x: Activation): Activation => {
      const all = heap.f32(x.at, x.rows * x.width)
      const n = Math.min(vectors, x.rows)
      const some = new Float32Array(n * x.width)
      for (let i = 0; i < n; i++) {
        const row = Math.floor((i * x.rows) / n)
        some.set(all.subarray(row * x.width, (row + 1) * x.width), i * x.width)
      }
      inputs.set(layer, some)
      return algebra.linear(layer, x)
    }
    logits({ ...algebra, linear: kept }, architecture, batch)
  })
  return inputs
}

const quantities = ['IR drop', 'IR drop, one factor off', 'programming noise', 'grid / programming'] as const
type Figures = Readonly<Record<(typeof quantities)[number], number>>

const figuresOf = (tile: TileUnderTest, layer: Layer, x: Float32Array): Figures => {
  const { change, left } = irDropChange(tile, layer, x, load)
  const { grid, programming } = gridChange(tile, layer, x)
  return {
    'IR drop': change,
    'IR drop, one factor off': left,
    'programming noise': programming,
    'grid / programming': grid / programming,
  }
}

const percent = (share: number): string => `${(100 * share).toFixed(3)} %`
const summary = (values: readonly number[]): string =>
  `mean ${percent(values.reduce((sum, v) => sum + v, 0) / values.length)}, largest ${percent(Math.max(...values))}`

const names: readonly TaskName[] = ['sst2', 'mrpc', 'stsb']
let above = 0
for (const name of names.filter(n => process.argv.length === 2 || process.argv.includes(n))) {
  const heap = createHeap()
  const bench = await orThrow(openWorkbench(heap, {}))
  const tile = tileOf(bench.kernels, heap, bench.scratch)
  const model = await orThrow(openModel(shared('data/models', name), null))
  const ofDev = await received(bench, model, name)
  const seen: (Figures & { readonly kind: string })[] = []
  for (const [number, described] of linearLayers(model.checkpoint.architecture).entries()) {
    const weights = new Float32Array(described.inputs * described.outputs)
    await orThrow(model.checkpoint.readInto(`${described.name}.weight`, weights))
    const layer: Layer = { ...described, number, weights }
    const dev = ofDev.get(layer.name)
    if (dev === undefined) throw new Error(`${layer.name} received nothing`)
    for (const [kind, x] of [['normal', normalInputs(layer, normalVectors)] as const, ['dev', dev] as const]) {
      const figures = figuresOf(tile, layer, x)
      seen.push({ kind, ...figures })
      const shown = quantities.map(q => `${q} ${percent(figures[q])}`)
      console.log(`${name} ${layer.name.padEnd(42)} ${kind.padEnd(6)} ${shown.join('   ')}`)
    }
  }
  for (const kind of ['normal', 'dev'])
    for (const q of quantities)
      console.log(
        `${name}: ${kind.padEnd(6)} inputs: ${q.padEnd(24)} ${summary(seen.filter(s => s.kind === kind).map(s => s[q]))}`,
      )
  above += seen.filter(s => !(s['grid / programming'] < 0.01)).length
}
process.exitCode = above === 0 ? 0 : 1
