import { describe, expect, test } from 'vitest'
import { defaultHardware } from '../../../src/domain/experiment/hardware.js'
import { trainingPresets } from '../../../src/domain/experiment/training.js'
import { presets, settingsOf } from '../../../src/domain/training/settings.js'
import { unset } from './unset.js'

describe('the settings of a training', () => {
  test('are its preset, where the config leaves them out', () => {
    for (const preset of trainingPresets) {
      const settings = settingsOf({ ...unset, preset }, defaultHardware)
      expect(presets[preset]).toMatchObject({ epochs: settings.epochs, learningRate: settings.learningRate })
      expect(settings.hardwareAware === null).toBe(preset === 'plain')
    }
  })

  test('what the config says wins, also against what the preset switches on', () => {
    const quiet = settingsOf(
      {
        ...{ ...unset, preset: 'paper', epochs: 2, learningRate: 1e-3, outputNoise: 0 },
        weightNoise: { rule: 'constant', deviation: 0, relativeTo: 'tile' },
      },
      defaultHardware,
    )
    expect(quiet).toMatchObject({ epochs: 2, learningRate: 1e-3, batch: 16, hardwareAware: null })
    const { hardwareAware } = settingsOf({ ...unset, quantise: true }, defaultHardware)
    expect(hardwareAware).toMatchObject({ quantise: true, outputNoise: 0, hardware: defaultHardware })
  })

  test('the paper trains as it says', () => {
    expect(presets.paper).toMatchObject({ epochs: 20, learningRate: 5e-5, outputNoise: 0.1 })
    expect(presets.paper.weightNoise).toMatchObject({ deviation: 0.06 })
  })
})
