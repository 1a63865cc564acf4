/** Device laws of the presets as the kernels take them, at their own g_max and all noise on; and one of made-up tables. */
import { characterisationOf } from '../../src/domain/devices/characterised.js'
import { deviceLaws } from '../../src/kernels/device-laws.js'
import type { DeviceLaws, Law } from '../../src/kernels/reference/law.js'
import { allOn, presetChoice } from '../domain/devices/choices.js'

export const pcm = deviceLaws(characterisationOf(presetChoice('pcm')), allOn)
export const hermes1 = deviceLaws(characterisationOf(presetChoice('hermes-1')), allOn)

/** Knots that neither start at 0 nor lie evenly, and a near jump. */
export const tables: DeviceLaws = {
  programming: {
    form: 'table',
    knots: [
      [0, 0.01],
      [0.3, 0.03],
      [0.31, 0.05],
      [1, 0.04],
    ],
  },
  driftMean: {
    form: 'table',
    knots: [
      [0, 0.1],
      [1, 0.05],
    ],
  },
  driftDeviation: {
    form: 'table',
    knots: [
      [0, 0.04],
      [0.5, 0.02],
      [1, 0.01],
    ],
  },
  read: {
    form: 'table',
    knots: [
      [0.01, 0.2],
      [0.1, 0.05],
      [1, 0.01],
    ],
  },
}

const none: Law = { form: 'cubic', cubic: [0, 0, 0, 0] }

/** Devices that hold what they are told: no noise, no drift. */
export const ideal: DeviceLaws = { programming: none, driftMean: none, driftDeviation: none, read: none }
