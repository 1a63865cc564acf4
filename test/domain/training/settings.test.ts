import { describe, expect, test } from 'vitest'
import { defaultHardware } from '../../../src/domain/experiment/hardware.js'
import { trainingPresets, type Training } from '../../../src/domain/experiment/training.js'
import { presets, settingsOf } from '../../../src/domain/training/settings.js'

const left: Training = {
  ...{
    preset: 'plain',
    engine: 'ohmflow',
    examples: null,
    epochs: null,
    batch: null,
    learningRate: null,
    warmUp: null,
  },
  ...{ weightDecay: null, gradientNorm: null, dropout: null, attentionDropout: null, weightNoise: null },
  ...{
    outputNoise: null,
    quantise: null,
    weightClip: null,
    irDrop: null,
    learn: null,
    distillation: null,
    activations: null,
  },
}

describe('the settings of a training', () => {
  test('are its preset, where the config leaves them out', () => {
    for (const preset of trainingPresets) {
      const settings = settingsOf({ ...left, preset }, defaultHardware)
      expect(presets[preset]).toMatchObject({ epochs: settings.epochs, learningRate: settings.learningRate })
      expect(settings.hardwareAware === null).toBe(preset === 'plain')
    }
  })

  test('what the config says wins, also against what the preset switches on', () => {
    const quiet = settingsOf(
      {
        ...{ ...left, preset: 'paper', epochs: 2, learningRate: 1e-3, outputNoise: 0 },
        weightNoise: { rule: 'constant', deviation: 0, relativeTo: 'tile' },
      },
      defaultHardware,
    )
    expect(quiet).toMatchObject({ epochs: 2, learningRate: 1e-3, batch: 16, hardwareAware: null })
    const { hardwareAware } = settingsOf({ ...left, quantise: true }, defaultHardware)
    expect(hardwareAware).toMatchObject({ quantise: true, outputNoise: 0, hardware: defaultHardware })
  })

  test('the paper trains as it says', () => {
    expect(presets.paper).toMatchObject({ epochs: 20, learningRate: 5e-5, outputNoise: 0.1 })
    expect(presets.paper.weightNoise).toMatchObject({ deviation: 0.06 })
  })
})
