/** A model on a chip gives the same bits however it is run: kernels, threads, batches, the order of reads. */
import { fc, test } from '@fast-check/vitest'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { HardwareOverride } from '../../../src/domain/experiment/hardware.js'
import type { Repetition } from '../../../src/domain/experiment/plan.js'
import { linearLayers } from '../../../src/domain/encoder/architecture.js'
import { stream } from '../../../src/domain/random/stream.js'
import type { TileRanges } from '../../../src/engines/analog/parameters.js'
import type { AnalogEngine } from '../../../src/pipelines/analog.js'
import { batchOf } from '../../../src/pipelines/batches.js'
import type { EngineOptions } from '../../../src/pipelines/digital.js'
import { bits } from '../model.js'
import { batch, byExample, chipWith, everything, made, opened, rangesOf, sequences } from './miniature.js'

const pass: Repetition = { chip: 3, read: 2, timeSeconds: 3600 }

const few = batchOf(sequences.slice(3, 8))

/** Everything a pass gives, as bits. */
const of = async (engine: AnalogEngine, given: Repetition = pass, inputs = few) => {
  await engine.read(given)
  const { logits, counts, firstTokens } = await engine.run(inputs, { firstTokens: true })
  expect(logits.every(Number.isFinite)).toBe(true)
  return { logits: bits(logits), counts: [...counts], depths: firstTokens.map(bits), alphas: bits(engine.alphas()) }
}
const once = async (change: HardwareOverride, options: EngineOptions = { workers: 0 }, given: Repetition = pass) => {
  const engine = await opened(change, { options })
  try {
    return await of(engine, given)
  } finally {
    await engine.close()
  }
}

const chips: readonly (readonly [string, HardwareOverride])[] = [
  ['everything a chip may have', everything],
  [
    'read noise per read, an ideal DAC, one factor a tile',
    { dac: { bits: 'off' }, outputNoise: 0.04, driftCompensation: 'global' },
  ],
  [
    'an ideal DAC with read noise per VMM, least squares, no ADC',
    { dac: { bits: 'off' }, adc: { bits: 'off' }, readNoise: 'per VMM', driftCompensation: 'least-squares' },
  ],
]

describe.each(chips)('%s', (_, change) => {
  test('the same bits from every path of the kernels', async () => {
    const native = await once(change, { workers: 0 })
    expect(await once(change, { workers: 0, kernels: { kind: 'wasm' } })).toEqual(native)
    expect(await once(change, { workers: 0, kernels: { kind: 'reference' } })).toEqual(native)
  })
})

describe.each(['affine', 'moments'] as const)('%s compensation, spare columns, ranges of single vectors', kind => {
  const model = made()
  const { tile } = chipWith(everything)
  const ranges = rangesOf(model, tile).map((r, i): TileRanges => ({
    ...r,
    copies: Uint16Array.of(0, 1, 1),
    ...(i % 2 === 0 ? { inputRange: 1, dynamic: true } : {}),
  }))
  const s = stream(8, 'vectors')
  const numbers = (length: number, of: () => number): Float32Array => Float32Array.from({ length }, of)
  const vectors = new Map(
    linearLayers(model.checkpoint.architecture).map(({ name, inputs, outputs }) => [
      name,
      { count: 9, x: numbers(9 * inputs, () => 2 * s.uniform() - 1), h: numbers(9 * outputs, s.uniform) },
    ]),
  )
  const change: HardwareOverride = { ...everything, driftCompensation: kind }
  const run = async (options: EngineOptions, batches = [few]) => {
    const engine = await opened(change, { model, ranges, vectors, options })
    try {
      await engine.read({ chip: 1, read: 0, timeSeconds: 60 })
      await engine.read(pass)
      const found = await Promise.all(batches.map(b => engine.run(b)))
      return { logits: found.flatMap(({ logits }) => [...bits(logits)]), alphas: bits(engine.alphas()) }
    } finally {
      await engine.close()
    }
  }
  test('the same bits from every path of the kernels, any threads, any batches', async () => {
    const native = await run({ workers: 0 })
    expect(new Set(native.alphas).size).toBeGreaterThan(20)
    expect(await run({ workers: 0, kernels: { kind: 'wasm' } })).toEqual(native)
    expect(await run({ workers: 0, kernels: { kind: 'reference' } })).toEqual(native)
    expect(
      await run(
        { workers: 2 },
        sequences.slice(3, 8).map(q => batchOf([q])),
      ),
    ).toEqual(native)
  })
})

describe('everything a chip may have', () => {
  const engines = new Map<number, AnalogEngine>()
  let expected: Awaited<ReturnType<typeof of>>
  let logits: ReturnType<typeof byExample>

  const engineOf = (workers: number): AnalogEngine => {
    const engine = engines.get(workers)
    if (engine === undefined) throw new Error(`no engine with ${workers} workers`)
    return engine
  }
  beforeAll(async () => {
    for (const workers of [0, 1, 2, 3]) engines.set(workers, await opened(everything, { options: { workers } }))
    expected = await of(engineOf(0), pass, batch)
    logits = byExample(batch, (await engineOf(0).run(batch)).logits)
    // More rows than go through a tile at once.
    expect(batch.ids.length).toBeGreaterThan(256)
  })
  afterAll(() => Promise.all([...engines.values()].map(engine => engine.close())))

  test.each([1, 2, 3])('the same bits from %i workers', async workers => {
    expect(await of(engineOf(workers), pass, batch)).toEqual(expected)
  })

  const cuts = fc
    .tuple(
      fc.shuffledSubarray(
        sequences.map((_, i) => i),
        { minLength: 1 },
      ),
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 }),
    )
    .map(([order, sizes]) => {
      const cut: (readonly number[])[] = []
      for (let at = 0, i = 0; at < order.length; at += cut[i++]?.length ?? 1)
        cut.push(order.slice(at, at + (sizes[i % sizes.length] ?? 1)))
      return cut
    })

  test.prop([cuts, fc.constantFrom(0, 2)], { numRuns: 12 })(
    'the same logits for every example, in any batches and any order',
    async (cut, workers) => {
      const engine = engineOf(workers)
      await engine.read(pass)
      const batches = cut.map(group => batchOf(group.flatMap(i => sequences[i] ?? [])))
      const found = await Promise.all(batches.map(b => engine.run(b)))
      batches.forEach((b, i) => {
        for (const [example, own] of byExample(b, found[i]?.logits ?? new Float32Array(0)))
          expect([example, own]).toEqual([example, logits.get(example)])
      })
    },
  )

  test('another example at the same place has other noise', async () => {
    const [first] = sequences
    if (first === undefined) throw new Error('no sequences')
    const run = (example: number) => engineOf(0).run(batchOf([{ ids: first.ids, example }]))
    await engineOf(0).read(pass)
    expect(bits((await run(5)).logits)).not.toEqual(bits((await run(6)).logits))
  })
})

const passes: readonly Repetition[] = [
  { chip: 1, read: 0, timeSeconds: 86_400 },
  { chip: 0, read: 0, timeSeconds: 3600 },
  { chip: 1, read: 1, timeSeconds: 0 },
  { chip: 0, read: 2, timeSeconds: 86_400 },
  { chip: 2, read: 0, timeSeconds: 3600 },
]

describe.each([
  ['per-column', 0],
  ['global', 2],
  ['least-squares', 0],
  ['none', 0],
] as const)('drift compensation %s, %i workers', (driftCompensation, workers) => {
  const change = { ...everything, driftCompensation }
  let engine: AnalogEngine
  const alone = new Map<Repetition, Awaited<ReturnType<typeof of>>>()
  beforeAll(async () => {
    engine = await opened(change, { options: { workers } })
    for (const p of passes) alone.set(p, await once(change, { workers: 0 }, p))
  })
  afterAll(() => engine.close())

  test('the passes differ', () => {
    expect(new Set(passes.map(p => JSON.stringify(alone.get(p)?.logits))).size).toBe(passes.length)
  })

  test.prop([fc.array(fc.constantFrom(...passes), { minLength: 1, maxLength: 6 })], { numRuns: 5 })(
    'any order of passes gives what a fresh engine gives for each',
    async order => {
      for (const p of order) expect(await of(engine, p)).toEqual(alone.get(p))
    },
  )
})

describe('a read that fails', () => {
  const setting = () => {
    const broken = { name: '' }
    const model = made(undefined, name => name === broken.name)
    return { broken, model }
  }
  const [first, second] = ['encoder.layer.0.attention.self.key.weight', 'classifier.out_proj.weight']

  test.each([0, 2])(
    'is told, leaves no chip behind, and is read again with the same bits (%i workers)',
    async workers => {
      const { broken, model } = setting()
      const engine = await opened(everything, { model, options: { workers } })
      const expected = await of(engine)
      for (const name of [first, second, first]) {
        broken.name = name
        await expect(engine.read({ ...pass, chip: 4 })).rejects.toThrow(`${name}: expected a tensor, found none`)
        expect(() => engine.run(batch)).toThrow('"read" expected before a batch, got none')
        broken.name = ''
        expect(await of(engine)).toEqual(expected)
      }
      await engine.close()
    },
  )

  test('is over when it is told: nothing goes on with the chip', async () => {
    const { broken, model } = setting()
    const engine = await opened(everything, { model })
    await engine.read(pass)
    broken.name = first
    await expect(engine.read({ ...pass, chip: 4 })).rejects.toThrow('expected a tensor')
    const then = bits(engine.alphas())
    for (let i = 0; i < 20; i++) await new Promise(resolve => setImmediate(resolve))
    expect(bits(engine.alphas())).toEqual(then)
    await engine.close()
  })

  test('a batch before any read is refused', async () => {
    const engine = await opened(everything)
    expect(() => engine.run(batch)).toThrow('"read" expected before a batch, got none')
    await engine.close()
  })
})
