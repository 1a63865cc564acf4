/** Gradients of a function of the logits with respect to the outputs of layers, token by token. */
import { describe, expect, test } from 'vitest'
import { linearLayers } from '../../../src/domain/encoder/architecture.js'
import { digitalAlgebra } from '../../../src/engines/digital/algebra.js'
import { loadParameters } from '../../../src/engines/digital/parameters.js'
import { forward } from '../../../src/engines/forward.js'
import { observeOutputGradients } from '../../../src/engines/training/differentiate.js'
import { orThrow } from '../../../src/io/fault.js'
import { batchFrom, bits } from '../model.js'
import { checkpoint, inTraining, reference } from './model.js'

const { architecture } = checkpoint
const sequences = reference.ids.slice(0, 3)
const batch = batchFrom(sequences.map(ids => ({ ids })))
/** The difference of the logits, and others. */
const weights = Float32Array.from([1, -1, 0.5, 0.25, 0, 2])

interface Seen {
  readonly layer: string
  readonly x: Float32Array
  readonly dy: Float32Array
}
const { bench, parameters, trainer, gradient, engine } = await inTraining(0)
const observed = (of: typeof batch, w: Float32Array): readonly Seen[] => {
  const seen: Seen[] = []
  observeOutputGradients(bench, parameters, of, w, (layer, x, dy) => {
    const copied = ({ at, rows, width }: typeof x): Float32Array => bench.heap.f32(at, rows * width).slice()
    seen.push({ layer, x: copied(x), dy: copied(dy) })
  })
  return seen
}
const all = observed(batch, weights)

describe('gradients of layers’ outputs', () => {
  test('are seen for every layer, the last first', () => {
    expect(all.map(({ layer }) => layer).sort()).toEqual(
      linearLayers(architecture)
        .map(({ name }) => name)
        .sort(),
    )
    expect(all[0]?.layer).toBe('classifier.out_proj')
    expect(bits(all[0]?.dy ?? new Float32Array(0))).toEqual(bits(weights))
  })

  test('of a sequence are the same alone and among others', () => {
    const rows = (offsets: Int32Array, numbers: Float32Array, s: number): Float32Array => {
      const tokens = offsets.at(-1) ?? 0
      const width =
        numbers.length % tokens === 0 && numbers.length / tokens >= architecture.hidden ? numbers.length / tokens : 0
      return width === 0 ? new Float32Array(0) : numbers.slice((offsets[s] ?? 0) * width, (offsets[s + 1] ?? 0) * width)
    }
    sequences.forEach((ids, s) => {
      const alone = observed(batchFrom([{ ids }]), weights.slice(2 * s, 2 * s + 2))
      alone
        .filter(({ layer }) => layer.startsWith('encoder.'))
        .forEach(({ layer, x, dy }) => {
          const among = all.find(other => other.layer === layer)
          expect(bits(rows(batch.offsets, among?.dy ?? x, s)), layer).toEqual(bits(dy))
          expect(bits(rows(batch.offsets, among?.x ?? x, s)), layer).toEqual(bits(x))
        })
    })
  })

  test('times inputs are the gradients of the weights', async () => {
    await trainer.gradient(batch, { kind: 'linear', weights }, null)
    for (const { name, inputs, outputs } of linearLayers(architecture)) {
      const { x = new Float32Array(0), dy = new Float32Array(0) } = all.find(({ layer }) => layer === name) ?? {}
      const found = gradient(`${name}.weight`)
      const plain = new Float64Array(inputs * outputs)
      for (let t = 0; t < x.length / inputs; t++)
        for (let j = 0; j < outputs; j++)
          for (let i = 0; i < inputs; i++)
            plain[j * inputs + i] =
              (plain[j * inputs + i] ?? NaN) + (dy[t * outputs + j] ?? NaN) * (x[t * inputs + i] ?? NaN)
      const most = plain.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
      plain.forEach((expected, i) => {
        if (!(Math.abs(expected - (found[i] ?? NaN)) < 1e-5 * most))
          expect.fail(`${name}: ${found[i] ?? ''}, not ${expected}`)
      })
    }
    await engine.close()
  })

  test('say how the function changes when one output of one token is moved', async () => {
    const read = (name: string, out: Float32Array): Promise<void> => orThrow(checkpoint.readInto(name, out))
    const digital = await loadParameters(architecture, read, bench.heap, bench.kernels)
    /** The function with number `at` of a layer's output moved. */
    const moved = (name: string, at: number, by: number): number =>
      bench.scratch.within(() => {
        const algebra = digitalAlgebra(bench, digital, batch)
        const changed = {
          ...algebra,
          linear: (layer: string, x: Parameters<typeof algebra.linear>[1]) => {
            const y = algebra.linear(layer, x)
            const numbers = bench.heap.f32(y.at, y.rows * y.width)
            if (layer === name) numbers[at] = (numbers[at] ?? NaN) + by
            return y
          },
        }
        const { logits } = forward(bench, architecture, changed, batch, false)
        return logits.reduce((sum, z, i) => sum + z * (weights[i] ?? NaN), 0)
      })
    for (const { layer, dy } of all) {
      const most = dy.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
      // The three largest, where rounding is least of the difference. A key's bias moves nothing, but one key does.
      const largest = Array.from(dy.keys())
        .sort((a, b) => Math.abs(dy[b] ?? NaN) - Math.abs(dy[a] ?? NaN))
        .slice(0, 3)
      for (const at of largest) {
        const by = 0.02
        const slope = (moved(layer, at, by) - moved(layer, at, -by)) / (2 * by)
        expect(Math.abs(slope - (dy[at] ?? NaN)) / most, layer).toBeLessThan(0.01)
      }
    }
  })
})
