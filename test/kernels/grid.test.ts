/** The int16 grid of a tile lies far below the smallest of its physical noises, on weights of a real checkpoint. */
import { describe, expect, test } from 'vitest'
import { linearLayers } from '../../src/domain/encoder/architecture.js'
import { openCheckpoint } from '../../src/io/checkpoint/checkpoint.js'
import { orThrow } from '../../src/io/fault.js'
import { createScratch } from '../../src/kernels/scratch.js'
import { shared } from '../shared.js'
import { gridChange, irDropChange, normalInputs, type Layer } from './layer-change.js'
import { fast, heap, reference } from './paths.js'
import { tileOf } from './tile-under-test.js'

const checkpoint = await orThrow(openCheckpoint(shared('data/models/sst2')))
const tile = tileOf((fast[1] ?? fast[0])?.[1] ?? reference, heap, createScratch(heap))

const layerNamed = async (name: string): Promise<Layer> => {
  const layers = linearLayers(checkpoint.architecture)
  const number = layers.findIndex(l => l.name === name)
  const layer = layers[number]
  if (layer === undefined) throw new Error(`no layer ${name}`)
  const weights = new Float32Array(layer.inputs * layer.outputs)
  await orThrow(checkpoint.readInto(`${name}.weight`, weights))
  return { ...layer, number, weights }
}

describe.each(['encoder.layer.0.attention.self.query', 'encoder.layer.3.output.dense'])('%s of sst2', name => {
  test('changes by the int16 grid less than 1 % of what it changes by programming noise alone', async () => {
    const layer = await layerNamed(name)
    const { grid, programming } = gridChange(tile, layer, normalInputs(layer, 4))
    expect(grid).toBeGreaterThan(0)
    expect(grid / programming).toBeLessThan(0.01)
    // That the noise is there: sigma is 1 to 4 % of full scale, a weight a few tenths of it.
    expect(programming).toBeGreaterThan(0.02)
    expect(programming).toBeLessThan(0.3)
  })

  test('changes by IR drop at 0.35 ohm and 25 µS, about linearly in so small a resistance', async () => {
    const layer = await layerNamed(name)
    const x = normalInputs(layer, 4)
    const at = (ohm: number) => irDropChange(tile, layer, x, ohm * 25e-6)
    expect(at(0.35).change).toBeGreaterThan(0.01)
    expect(at(0.35).left).toBeGreaterThan(0.001)
    expect(at(0.35).left).toBeLessThan(at(0.35).change)
    expect(at(0.35).change / at(0.035).change).toBeGreaterThan(7)
    expect(at(0.35).change / at(0.035).change).toBeLessThan(10)
  })
})
