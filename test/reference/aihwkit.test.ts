/**
 * Codes, exact VMM and ADC against aihwkit's torch tile with its converters on and its noise off. Its weights are float32, ours
 * stand on the int16 grid of a tile: a sum within a grid's error of a tie may fall to the next level, nothing further. (The
 * levels of sums in float64 without the grid are all aihwkit's; 44 of 52,384 differ with it.) Not compared: noise, drift, IR drop.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { largestCode } from '../../src/domain/crossbar/converter.js'
import { lifeOrigin, noiseOrigin, readOrigin } from '../../src/domain/random/addresses.js'
import { readSafetensors } from '../../src/io/checkpoint/safetensors.js'
import { readStoredInto } from '../../src/io/checkpoint/stored.js'
import { withSource } from '../../src/io/source.js'
import { createScratch } from '../../src/kernels/scratch.js'
import { ideal } from '../kernels/devices.js'
import { fast, heap } from '../kernels/paths.js'
import { tileOf, type TileUnderTest } from '../kernels/tile-under-test.js'
import { shared } from '../shared.js'

interface Case {
  readonly case: number
  readonly rows: number
  readonly columns: number
  readonly inputBound: number
  readonly outputBound: number
  readonly inputBits: number
  readonly outputBits: number
}
const file = shared('data/reference/aihwkit-mvm.safetensors')
const { cases } = JSON.parse(readFileSync(shared('data/reference/aihwkit-mvm.json'), 'utf8')) as { cases: Case[] } // our own data
const stored = await readSafetensors(file)

const tensor = async (name: string): Promise<Float32Array> => {
  const its = stored.get(name)
  if (its === undefined) throw new Error(`${file} has no tensor ${name}`)
  const out = new Float32Array(its.shape.reduce((product, size) => product * size, 1))
  await withSource(file, source => readStoredInto(source, its, out))
  return out
}

const inputVectors = 32
const scratch = createScratch(heap)
const origin = { seed: 1, chip: 0, read: 0, layer: 0, tile: 0 }

interface Levels {
  readonly same: number
  readonly outputs: number
  /** Of any output, in levels. */
  readonly farthest: number
  /** Outputs at the ends of the range, in both. */
  readonly atTheEnds: number
}

/** How many levels of the ADC our outputs lie from aihwkit's. */
const compared = async (c: Case, tile: TileUnderTest): Promise<Levels> => {
  const { rows, columns } = c
  const adcMaxCode = largestCode(c.outputBits)
  const reading = tile.read({
    ...{ rows, columns, firstRow: 0, firstColumn: 0, dacMaxCode: largestCode(c.inputBits) },
    weights: await tensor(`w${c.case}`),
    fullScales: new Float32Array(columns).fill(1),
    ...{ laws: ideal, logTime: 0, readScale: 0, load: 0, perVmm: false },
    ...{ life: lifeOrigin(origin), occasion: readOrigin(origin) },
  })
  const numbers = Array.from({ length: inputVectors }, (_, i) => i)
  const { y } = tile.multiply(
    reading,
    { x: await tensor(`x${c.case}`), range: c.inputBound, tokens: numbers, examples: numbers },
    {
      ...{ adcMaxCode, bound: c.outputBound, outputNoise: 0 },
      ...{ output: noiseOrigin('output', origin), read: noiseOrigin('vmmRead', origin) },
    },
  )
  const theirs = await tensor(`y${c.case}`)
  expect(y).toHaveLength(theirs.length)
  const level = (value: number): number => (value * adcMaxCode) / c.outputBound
  let [same, farthest, atTheEnds] = [0, 0, 0]
  theirs.forEach((value, i) => {
    // Both are levels of the ADC to the rounding of binary32.
    const [here, there] = [level(y[i] ?? NaN), level(value)]
    expect(Math.max(Math.abs(here - Math.round(here)), Math.abs(there - Math.round(there)))).toBeLessThan(1e-4)
    const distance = Math.abs(Math.round(here) - Math.round(there))
    if (distance === 0) same++
    if (Math.abs(Math.round(here)) === adcMaxCode && distance === 0) atTheEnds++
    farthest = Math.max(farthest, distance)
  })
  return { same, outputs: theirs.length, farthest, atTheEnds }
}

describe.each(fast)("aihwkit's tile, by %s", (_, kernels) => {
  const tile = tileOf(kernels, heap, scratch)
  test('agrees in at least 99.8 % of all outputs, and nowhere is farther than one level', async () => {
    let [same, outputs, atTheEnds] = [0, 0, 0]
    for (const c of cases) {
      const levels = await compared(c, tile)
      expect(levels.farthest, `case ${c.case}`).toBeLessThanOrEqual(1)
      expect(levels.same / levels.outputs, `case ${c.case}`).toBeGreaterThanOrEqual(0.998)
      same += levels.same
      outputs += levels.outputs
      atTheEnds += levels.atTheEnds
    }
    expect(outputs).toBe(52_384)
    expect(same / outputs).toBeGreaterThanOrEqual(0.998)
    // Clipping is compared too.
    expect(atTheEnds).toBeGreaterThan(100)
  })
})
