import { describe, expect, test } from 'vitest'
import type { Config } from '../../../src/domain/experiment/config.js'
import { seconds } from '../../../src/domain/experiment/duration.js'
import { defaultHardware } from '../../../src/domain/experiment/hardware.js'
import type { DigitalMethod } from '../../../src/domain/experiment/method.js'
import { plan } from '../../../src/domain/experiment/plan.js'
import type { TensorFlowBuild } from '../../../src/domain/experiment/tensorflow.js'

const ours: DigitalMethod = { name: 'ours', execution: 'digital', engine: 'ohmflow' }
const theirs: DigitalMethod = { name: 'theirs', execution: 'digital', engine: 'tensorflow' }
const at = (folder: string) => ({ written: folder, resolved: folder })
const config: Config = {
  ...{ schema: 1, name: 'x', seed: 0, hardware: defaultHardware, sweep: null, train: null },
  tasks: [{ task: 'cola', checkpoint: at('m'), tokenizer: null, data: at('d'), split: 'dev', examples: null }],
  repeat: { chips: 1, reads: 1, times: [seconds(0)] },
  calibration: { split: 'train', examples: 1, vectors: 4 },
  methods: [ours, theirs],
}
const inputs = [{ checkpoint: 'a', tokenizer: 'b', data: 'c', calibration: null }]
const build: TensorFlowBuild = { package: '@tensorflow/tfjs', version: '4.22.0', backend: 'cpu' }

describe('what units of TensorFlow.js depend on', () => {
  test('is the package, its version and its backend; other units do not', () => {
    const [own, other] = plan(config, inputs, build).scores
    expect(other?.dependsOn).toMatchObject({ method: { engine: 'tensorflow', tensorflow: build } })
    expect(own?.dependsOn).toMatchObject({ method: { engine: 'ohmflow' } })
    for (const change of [{ package: '@tensorflow/tfjs-node' }, { version: '4.23.0' }, { backend: 'tensorflow' }]) {
      const [ownThen, otherThen] = plan(config, inputs, { ...build, ...change }).scores
      expect(ownThen).toEqual(own)
      expect(otherThen?.dependsOn).not.toEqual(other?.dependsOn)
    }
    expect(plan({ ...config, methods: [ours] }, inputs, null).scores).toEqual([own])
  })

  test('cannot be left out', () => {
    expect(() => plan(config, inputs, null)).toThrow('"tensorflow" expected a build for theirs')
  })
})
