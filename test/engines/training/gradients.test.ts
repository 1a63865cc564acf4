/** Each operation of the tape: its value against a plain one in float64, its gradients against differences of that. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { Batch } from '../../../src/domain/encoder/algebra.js'
import { tensorShapes, type Architecture } from '../../../src/domain/encoder/architecture.js'
import { stream } from '../../../src/domain/random/stream.js'
import { placesInto, type Activation } from '../../../src/engines/digital/algebra.js'
import { accumulating } from '../../../src/engines/training/accumulate.js'
import { contextOf, type Context } from '../../../src/engines/training/context.js'
import type { Dropout } from '../../../src/engines/training/dropout.js'
import { crossEntropyInto, lossInto } from '../../../src/engines/training/loss.js'
import type { Tensor, TrainingParameters } from '../../../src/engines/training/parameters.js'
import { createTape, type Tape } from '../../../src/engines/training/tape.js'
import { resetTurns, turnsOf } from '../../../src/engines/training/turns.js'
import { openWorkbench } from '../../../src/engines/workbench.js'
import { orThrow } from '../../../src/io/fault.js'
import { createHeap } from '../../../src/kernels/heap.js'
import { dropRowInto } from '../../../src/kernels/reference/dropout.js'
import { createScratch } from '../../../src/kernels/scratch.js'
import { batchFrom } from '../model.js'
import * as plain from './plain.js'

const heap = createHeap()
const bench = await orThrow(openWorkbench(heap, {}))
const aside = createScratch(heap)

/** Of everything a few: differences cost two values a number. */
const situation = fc.record({
  lengths: fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 3 }),
  heads: fc.integer({ min: 1, max: 2 }),
  headSize: fc.integer({ min: 1, max: 9 }),
  intermediate: fc.integer({ min: 1, max: 19 }),
  seed: fc.nat(),
})
type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never

interface Trial {
  readonly context: Context
  readonly tape: Tape
  readonly architecture: Architecture
  readonly batch: Batch
  /** Numbers of an activation of this width, and the activation. */
  readonly input: (width: number, rows?: number) => readonly [plain.Numbers, Activation]
  readonly parameter: (name: string) => plain.Numbers
  /** Asserts value and gradients of an operation whose inputs are `given` and the named parameters. */
  readonly holds: (
    y: Activation,
    f: (inputs: readonly plain.Numbers[]) => plain.Numbers,
    given: readonly (readonly [plain.Numbers, Activation])[],
    named?: readonly string[],
  ) => void
}

const tolerance = 2e-4

const tried = (s: Situation, dropout: Dropout | null, work: (trial: Trial) => void): void =>
  bench.scratch.within(() =>
    aside.within(() => {
      const { scratch } = bench
      const architecture: Architecture = {
        ...{ vocabulary: 6, positions: 12, tokenTypes: 1, hidden: s.heads * s.headSize, heads: s.heads },
        ...{ layers: 1, intermediate: s.intermediate, layerNormEpsilon: 1e-3, paddingId: 1, labels: 3 },
      }
      const random = stream(s.seed, 'gradients')
      const numbers = (length: number, scale = 1): plain.Numbers =>
        Float64Array.from(Float32Array.from({ length }, () => scale * (2 * random.uniform() - 1)))
      const placed = (values: plain.Numbers): number => {
        const at = scratch.take(4 * values.length)
        heap.f32(at, values.length).set(values)
        return at
      }
      const values = new Map<string, plain.Numbers>()
      const tensors = new Map<string, Tensor>()
      for (const [name, shape] of tensorShapes(architecture)) {
        const own = numbers(shape.reduce((a, b) => a * b, 1))
        values.set(name, own)
        const at = placed(own)
        const gradient = placed(new Float64Array(own.length))
        tensors.set(name, { at, used: at, gradient, first: 0, second: 0, length: own.length, index: tensors.size })
      }
      const turns = scratch.take(4 * tensors.size)
      resetTurns(heap, turns, tensors.size)
      const parameters: TrainingParameters = { architecture, tensors, turns, hardware: null }
      const batch = batchFrom(
        s.lengths.map(length => ({ ids: Array.from({ length }, () => random.choice([0, 1, 2, 3, 5])) })),
      )
      const context = contextOf(bench, aside, parameters, batch, dropout, null)
      const tape = createTape(context, 'kept')
      const parameter = (name: string): plain.Numbers => values.get(name) ?? new Float64Array(0)
      work({
        ...{ context, tape, architecture, batch, parameter },
        input: (width, rows = batch.ids.length) => {
          const own = numbers(rows * width, 2)
          return [own, { at: placed(own), rows, width }]
        },
        holds: (y, f, given, named = []) => {
          const inputs = [...given.map(([own]) => own), ...named.map(parameter)]
          const value = f(inputs)
          expect(plain.relativeError(heap.f32(y.at, y.rows * y.width), value)).toBeLessThan(tolerance)
          const w = numbers(value.length)
          const group = accumulating(context, turnsOf(heap, turns, tensors.size), 0)
          const found = tape.backward(y, placed(w), group)
          const places = [
            ...given.map(([, x]) => found.get(x) ?? NaN),
            ...named.map(name => tensors.get(name)?.gradient ?? NaN),
          ]
          plain.differences(f, inputs, w).forEach((expected, i) => {
            expect(plain.relativeError(heap.f32(places[i] ?? NaN, expected.length), expected)).toBeLessThan(tolerance)
          })
        },
      })
    }),
  )

/** Never seen: every function is given all its inputs. */
const none = new Float64Array(0)
const numRuns = { numRuns: 25 }
const dropout = (seed: number): Dropout => ({ seed, step: 3, hidden: 0.4, attention: 0.4 })

describe('value and gradients of', () => {
  test.prop([situation], numRuns)('linear', s =>
    tried(s, null, ({ tape, architecture, input, holds }) => {
      const layer = 'encoder.layer.0.intermediate.dense'
      const x = input(architecture.hidden)
      holds(
        tape.perform('linear', { layer, x: x[1] }),
        ([a = none, w = none, b = none]) => plain.linear(a, w, b),
        [x],
        [`${layer}.weight`, `${layer}.bias`],
      )
    }),
  )

  test.prop([situation], numRuns)('linear, of first tokens', s =>
    tried(s, null, ({ tape, architecture, batch, input, holds }) => {
      const layer = 'classifier.out_proj'
      const x = input(architecture.hidden, batch.examples.length)
      holds(
        tape.perform('linear', { layer, x: x[1] }),
        ([a = none, w = none, b = none]) => plain.linear(a, w, b),
        [x],
        [`${layer}.weight`, `${layer}.bias`],
      )
    }),
  )

  test.prop([situation], numRuns)('layer norm', s =>
    tried(s, null, ({ tape, architecture, input, holds }) => {
      const name = 'encoder.layer.0.output.LayerNorm'
      const x = input(architecture.hidden)
      holds(
        tape.perform('layerNorm', { name, x: x[1] }),
        ([a = none, gain = none, bias = none]) => plain.layerNorm(a, gain, bias, architecture.layerNormEpsilon),
        [x],
        [`${name}.weight`, `${name}.bias`],
      )
    }),
  )

  test.prop([situation], numRuns)('GELU', s =>
    tried(s, null, ({ tape, input, holds }) => {
      const x = input(s.intermediate)
      holds(tape.perform('gelu', { x: x[1] }), ([a = none]) => plain.gelu(a), [x])
    }),
  )

  test.prop([situation], numRuns)('tanh', s =>
    tried(s, null, ({ tape, input, holds }) => {
      const x = input(s.intermediate)
      holds(tape.perform('tanh', { x: x[1] }), ([a = none]) => a.map(Math.tanh), [x])
    }),
  )

  test.prop([situation], numRuns)('add, also of a value to itself', s =>
    tried(s, null, ({ tape, input, holds }) => {
      const [a, b] = [input(s.intermediate), input(s.intermediate)]
      const sum = tape.perform('add', { a: tape.perform('gelu', { x: a[1] }), b: b[1] })
      const twice = tape.perform('add', { a: tape.perform('gelu', { x: sum }), b: sum })
      const f = (x: plain.Numbers): plain.Numbers => plain.gelu(x).map((v, i) => v + (x[i] ?? NaN))
      holds(twice, ([x = none, y = none]) => f(plain.gelu(x).map((v, i) => v + (y[i] ?? NaN))), [a, b])
    }),
  )

  test.prop([situation], numRuns)('first', s =>
    tried(s, null, ({ tape, architecture: { hidden }, batch, input, holds }) => {
      const x = input(hidden)
      const rows = (a: plain.Numbers): number[] =>
        [...batch.offsets.slice(0, -1)].flatMap(start => [...a.subarray(start * hidden, (start + 1) * hidden)])
      holds(tape.perform('first', { x: x[1] }), ([a = none]) => Float64Array.from(rows(a)), [x])
    }),
  )

  test.prop([situation], numRuns)('embed: nothing for padding', s =>
    tried(s, null, ({ tape, architecture, batch, holds }) => {
      const { paddingId, hidden } = architecture
      const places = new Int32Array(batch.ids.length)
      placesInto(places, batch, paddingId)
      const y = tape.perform('embed', { batch })
      const names = ['word', 'position', 'token_type'].map(name => `embeddings.${name}_embeddings.weight`)
      /** Padding's row does not move with the table. */
      const still = (table: plain.Numbers, before: plain.Numbers | undefined): plain.Numbers => {
        const copy = table.slice()
        copy.set((before ?? copy).subarray(paddingId * hidden, (paddingId + 1) * hidden), paddingId * hidden)
        return copy
      }
      let before: readonly plain.Numbers[] = []
      const f = ([words = none, positions = none, type = none]: readonly plain.Numbers[]): plain.Numbers => {
        if (before.length === 0) before = [words.slice(), positions.slice()]
        return plain.embed(batch.ids, places, still(words, before[0]), still(positions, before[1]), type)
      }
      holds(y, f, [], names)
    }),
  )

  test.prop([situation, fc.boolean()], numRuns)('attention, with dropout or without', (s, drops) =>
    tried(s, drops ? dropout(s.seed) : null, ({ context, tape, architecture, batch, input, holds }) => {
      const place = 'encoder.layer.0.attention.self.query'
      const [q, k, v] = [input(architecture.hidden), input(architecture.hidden), input(architecture.hidden)]
      const masks = context.masks(place)
      const factor: plain.Factor = (sequence, head, query, key) => {
        if (masks === null) return 1
        const kept = new Float32Array(16).fill(1)
        dropRowInto(kept, kept, query, batch.examples[sequence] ?? NaN, { ...masks, word2: masks.word2 + head })
        return kept[key] ?? NaN
      }
      expect(masks === null).toBe(!drops)
      holds(
        tape.perform('attention', { q: q[1], k: k[1], v: v[1], place }),
        ([a = none, b = none, c = none]) => plain.attention(a, b, c, batch.offsets, s.heads, s.headSize, factor),
        [q, k, v],
      )
    }),
  )

  test.prop([situation], numRuns)('dropout', s =>
    tried(s, dropout(s.seed), ({ context, tape, architecture: { hidden }, batch, input, holds }) => {
      const place = 'encoder.layer.0.output.dense'
      const x = input(hidden)
      const masks = context.masks(place)
      const factors = new Float64Array(batch.ids.length * hidden)
      batch.examples.forEach((example, i) => {
        const start = batch.offsets[i] ?? 0
        for (let t = start; t < (batch.offsets[i + 1] ?? 0); t++) {
          const row = new Float32Array(hidden).fill(1)
          if (masks !== null) dropRowInto(row, row, t - start, example, masks)
          factors.set(row, t * hidden)
        }
      })
      const f = ([a = none]: readonly plain.Numbers[]): plain.Numbers => a.map((v, i) => v * (factors[i] ?? NaN))
      holds(tape.perform('dropout', { x: x[1], place, over: false }), f, [x])
    }),
  )

  const logit = fc.float({ min: -30, max: 30, noNaN: true })
  const logits = fc.array(logit, { minLength: 2, maxLength: 5 }).map(z => Float32Array.from(z))
  test.prop([logits, fc.nat(4), fc.integer({ min: 1, max: 9 })])('cross entropy', (z, at, count) => {
    const label = at % z.length
    const gradient = new Float32Array(z.length)
    const own = Float64Array.from(z)
    const f = ([a = none]: readonly plain.Numbers[]): plain.Numbers => Float64Array.of(plain.crossEntropy(a, label))
    const value = crossEntropyInto(gradient, z, label, count)
    expect(Math.abs(value - plain.crossEntropy(own, label))).toBeLessThan(1e-5)
    const [expected = none] = plain.differences(f, [own], Float64Array.of(1 / count))
    expect(plain.relativeError(gradient, expected)).toBeLessThan(tolerance)
  })

  test.prop([fc.array(fc.tuple(logit, logit), { minLength: 1, maxLength: 5 })])('mean square error', pairs => {
    const z = Float32Array.from(pairs, ([a]) => a)
    const targets = Float32Array.from(pairs, ([, b]) => b)
    const gradient = new Float32Array(z.length)
    const found = lossInto(gradient, z, 1, { kind: 'mean square error', targets, count: z.length })
    const f = ([a = none]: readonly plain.Numbers[]): plain.Numbers => a.map((x, i) => (x - (targets[i] ?? NaN)) ** 2)
    expect(plain.relativeError(found, f([Float64Array.from(z)]))).toBeLessThan(tolerance)
    const w = new Float64Array(z.length).fill(1 / z.length)
    const [expected = none] = plain.differences(f, [Float64Array.from(z)], w)
    expect(plain.relativeError(gradient, expected)).toBeLessThan(tolerance)
  })
})
