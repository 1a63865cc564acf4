/**
 * `ohmflow/device`: the models of memory devices an experiment knows, and the types of one of your own.
 * Not here: what any of them must keep (`ohmflow/contract`), the pieces exact moments are made of (`ohmflow/moments`).
 */
export { deviceModel, type CharacterisedDevice } from '../domain/devices/characterised.js'
export { presetNames, type PresetName } from '../domain/devices/constants.js'
export type { Device, DeviceFamily, DeviceModel } from '../domain/devices/model.js'
export { pairMoments } from '../domain/crossbar/differential-pair.js'
export {
  presetGMaxMicroSiemens,
  type DeviceChoice,
  type DevicePreset,
  type Knots,
  type PresetDevice,
  type TableDevice,
} from '../domain/experiment/device.js'
export { seconds, type Seconds } from '../domain/experiment/duration.js'
export type { NoiseScales } from '../domain/experiment/hardware.js'
