/** What of training is built, switch by switch: `unavailableTraining`. */
import { describe, expect, test } from 'vitest'
import { thisVersion, unavailableTraining, type Available } from '../../../src/domain/experiment/available.js'
import { seconds } from '../../../src/domain/experiment/duration.js'
import { defaultHardware } from '../../../src/domain/experiment/hardware.js'
import type { Training } from '../../../src/domain/experiment/training.js'
import { describe as message } from '../../../src/domain/problem.js'
import { unset } from '../training/unset.js'

/** Plain fine-tuning alone. */
const plainOnly: Available = {
  ...thisVersion,
  training: {
    ...{ engines: ['ohmflow'], weightNoises: [], outputNoise: false, quantise: false },
    ...{ weightClips: ['none'], irDrop: false, learn: [], distillation: false },
  },
}
const trainingRefusal = (change: Partial<Training>, built?: Available): string | null => {
  const found = unavailableTraining('c.json', { hardware: defaultHardware }, { ...unset, ...change }, built)
  return found === null ? null : message(found)
}

describe('what is available of training', () => {
  test('plain fine-tuning, and switches that are off', () => {
    expect(trainingRefusal({})).toBeNull()
    const off = { outputNoise: 0, quantise: false, weightClip: { rule: 'none' }, learn: [] } as const
    expect(trainingRefusal(off, plainOnly)).toBeNull()
    expect(
      trainingRefusal({
        ...{ preset: 'fast', outputNoise: 0 },
        weightNoise: { rule: 'constant', deviation: 0, relativeTo: 'tile' },
      }),
    ).toBeNull()
  })

  test.each<[Partial<Training>, string]>([
    [{ engine: 'tensorflow' }, 'train.engine: expected "ohmflow", found "tensorflow"'],
    [
      { weightNoise: { rule: 'device', time: seconds(0), scale: 1 } },
      'train.weightNoise: expected it left out, found the rule "device"',
    ],
    [{ outputNoise: 0.1 }, 'train.outputNoise: expected 0, found 0.1'],
    [{ quantise: true }, 'train.quantise: expected false, found true'],
    [{ weightClip: { rule: 'fixed', value: 1 } }, 'train.weightClip: expected the rule "none", found the rule "fixed"'],
    [{ irDrop: true }, 'train.irDrop: expected false, found true'],
    [{ learn: ['input ranges'] }, 'train.learn: expected it left out, found "input ranges"'],
    [{ distillation: 1 }, 'train.distillation: expected 0, found 1'],
    [{ preset: 'paper' }, 'train.preset: expected "plain", found "paper" with its weightNoise of the rule "constant"'],
  ])('%j is named', (change, expected) => {
    expect(trainingRefusal(change, plainOnly)).toBe(`c.json: ${expected}, which is not available in this version`)
    if (change.engine === undefined) expect(trainingRefusal(change)).toBeNull()
    const all: Available = {
      ...thisVersion,
      training: {
        ...{
          engines: ['ohmflow', 'tensorflow'],
          weightNoises: ['constant', 'device'],
          outputNoise: true,
          quantise: true,
        },
        ...{ weightClips: ['none', 'standard-deviations', 'fixed'], irDrop: true, distillation: true },
        learn: ['input ranges', 'column ranges'],
      },
    }
    expect(trainingRefusal(change, all)).toBeNull()
  })
})
