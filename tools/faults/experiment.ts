/** An experiment so small that a command is little more than its start: a model of one layer of 8, drawn by a formula. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { tensorShapes, type Architecture } from '../../src/domain/encoder/architecture.js'
import { writeSafetensors } from '../../src/io/checkpoint/safetensorsWriter.js'
import { root } from './process.js'

const layerSizes = { hidden_size: 8, num_attention_heads: 2, intermediate_size: 16, num_hidden_layers: 1 }

const writeCheckpoint = async (folder: string, task: string): Promise<void> => {
  const from = join(root, 'data/models', task)
  mkdirSync(folder, { recursive: true })
  cpSync(join(from, 'tokenizer.json'), join(folder, 'tokenizer.json'))
  // as: a file of this repository
  const given = JSON.parse(readFileSync(join(from, 'config.json'), 'utf8')) as Record<string, number> & {
    readonly id2label: object
  }
  const config = { ...given, ...layerSizes, ohmflow: { trained: false } }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const architecture: Architecture = {
    ...{ hidden: 8, heads: 2, intermediate: 16, layers: 1, layerNormEpsilon: 1e-5, tokenTypes: 1 },
    vocabulary: given['vocab_size'] ?? 0,
    positions: given['max_position_embeddings'] ?? 0,
    paddingId: given['pad_token_id'] ?? 1,
    labels: Object.keys(given.id2label).length,
  }
  const numbers = (count: number, k: number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => Math.fround(Math.sin(1 + i * 0.7 + k * 1.3) / 2))
  const tensors = [...tensorShapes(architecture)].map(([name, shape], k) => ({
    name: name.startsWith('classifier.') ? name : `roberta.${name}`,
    shape,
    data: numbers(
      shape.reduce((a, b) => a * b, 1),
      k,
    ),
  }))
  const written = await writeSafetensors(join(folder, 'model.safetensors'), tensors)()
  if (isLeft(written)) throw new Error(written.left.found)
}

/** Writes a checkpoint and configs into a folder: `run.json` and `sweep.json` to be run, `train.json` to be trained. */
export const writeExperiment = async (folder: string): Promise<void> => {
  const checkpoint = join(folder, 'checkpoint')
  await writeCheckpoint(checkpoint, 'sst2')
  const digital = { name: 'digital', execution: 'digital' }
  const common = {
    ...{ schema: 1, name: 'tiny', seed: 1 },
    tasks: [{ task: 'sst2', checkpoint, data: join(root, 'data/glue/SST-2'), examples: 6 }],
    hardware: { device: 'pcm', tile: { rows: 8, columns: 8 } },
    repeat: { chips: 1, reads: 1, times: ['0 s', '1 h'] },
    calibration: { split: 'train', examples: 4 },
  }
  const chip = { name: 'abs-max', columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } }
  const train = { preset: 'plain', epochs: 2, batch: 4, examples: 12 }
  const run = { ...common, methods: [digital, chip] }
  writeFileSync(join(folder, 'run.json'), JSON.stringify(run))
  writeFileSync(join(folder, 'sweep.json'), JSON.stringify({ ...run, sweep: { 'hardware.outputNoise': [0, 0.04] } }))
  writeFileSync(join(folder, 'train.json'), JSON.stringify({ ...common, methods: [digital], train }))
}
