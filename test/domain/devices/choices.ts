/** The devices that tests go through: every preset at its own g_max, and a table device. */
import { presetNames } from '../../../src/domain/devices/constants.js'
import {
  presetGMaxMicroSiemens,
  type DevicePreset,
  type PresetDevice,
  type TableDevice,
} from '../../../src/domain/experiment/device.js'
import { seconds } from '../../../src/domain/experiment/duration.js'

export const presetChoice = (preset: DevicePreset): PresetDevice => ({
  kind: 'preset',
  preset,
  gMaxMicroSiemens: presetGMaxMicroSiemens[preset],
})

export const presetChoices = presetNames.map(presetChoice) as [PresetDevice, PresetDevice, PresetDevice] // there are three

export const ownTable: TableDevice = {
  kind: 'table',
  name: 'own',
  gMaxMicroSiemens: 12,
  referenceTime: seconds(30),
  readTimeSeconds: 1e-6,
  programmingDeviation: [
    [0, 0.1],
    [3, 0.6],
    [12, 0.4],
  ],
  driftMean: [
    [0, 0.09],
    [6, 0.05],
    [12, 0.02],
  ],
  driftDeviation: [
    [0, 0.06],
    [12, 0.01],
  ],
  readNoise: [
    [0, 0.1],
    [1, 0.03],
    [12, 0.01],
  ],
}

export const allOn = { programming: 1, drift: 1, read: 1 }
