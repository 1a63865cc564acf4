/** Ctrl-C in a training while something else than a step is under way: ranges for an evaluation, ranges to start from. */
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import type * as trainers from '../../../src/engines/training/trainer.js'
import type { Progress } from '../../../src/pipelines/progress.js'
import { temporaryFolder } from '../../cli/ohmflow.js'
import { decoded, listening, resultBytes, training, written } from './subject.js'

/** Called where ranges to start from are asked for; what it promises is awaited first. */
const starting = vi.hoisted(() => ({ ranges: (): Promise<void> => Promise.resolve() }))
vi.mock('../../../src/engines/training/trainer.js', async original => {
  const real = await original<typeof trainers>()
  const trainer: typeof real.trainer = (...of) => {
    const made = real.trainer(...of)
    return {
      ...made,
      initialiseRanges: async batches => {
        await starting.ranges()
        await made.initialiseRanges(batches)
      },
    }
  }
  return { ...real, trainer }
})

const folder = temporaryFolder()
const tile = { rows: 64, columns: 64 }
const more = {
  hardware: { tile },
  repeat: { chips: 1, times: ['1 h'] },
  calibration: { examples: 2 },
  methods: [{ name: 'optimal', inputRange: { rule: 'optimal' } }],
}
const rejected = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'was not interrupted',
    (error: unknown) => String(error),
  )

describe('an interruption', { timeout: 300_000 }, () => {
  test('does not wait for the ranges of an evaluation, and goes on to the same bytes', async () => {
    const config = decoded(written({ folder, train: { epochs: 1 }, more }))
    const whole = join(folder, 'whole')
    await training(config, whole)
    for (const title of ['calibration, inputs', 'calibration, errors', 'optimal ranges']) {
      const out = join(folder, title)
      const controller = new AbortController()
      const ended: string[] = []
      let current = ''
      const progress: Progress = {
        ...listening(),
        begin: own => {
          current = own
          if (own.includes(title)) controller.abort()
        },
        end: () => ended.push(current),
      }
      expect(await rejected(training(config, out, { progress, signal: controller.signal }))).toBe(
        'Interrupted: interrupted: mrpc: the state after step 3 of 3 is kept; the same command goes on from there',
      )
      expect(ended.some(own => own.includes(title))).toBe(false)
      await training(config, out)
      expect(resultBytes(out)).toEqual(resultBytes(whole))
    }
  })

  test('does not wait for what ranges start from, and goes on to the same bytes', async () => {
    const own = { preset: 'fast', epochs: 1, quantise: true, learn: ['input ranges'] }
    const config = decoded(written({ folder, train: own, more: { hardware: { tile } } }))
    const [whole, out] = [join(folder, 'aware'), join(folder, 'aware, stopped')]
    await training(config, whole)
    const controller = new AbortController()
    starting.ranges = () => {
      controller.abort()
      return new Promise(() => undefined)
    }
    expect(await rejected(training(config, out, { signal: controller.signal }))).toBe(
      'Interrupted: interrupted: mrpc: the state after step 0 of 3 is kept; the same command goes on from there',
    )
    starting.ranges = () => Promise.resolve()
    await training(config, out)
    expect(resultBytes(out)).toEqual(resultBytes(whole))
  })
})
