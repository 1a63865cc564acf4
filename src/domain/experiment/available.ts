/**
 * What of a config's vocabulary this version can do. A config is decoded in full first; what is not built is refused here, by name.
 * The one place where a newly built part is switched on.
 */
import { problem, type Problem } from '../problem.js'
import { hardwareOf, type Config } from './config.js'
import { presetNames } from '../devices/constants.js'
import type { DeviceChoice, DevicePreset } from './device.js'
import { readNoises, type DriftCompensation, type ReadNoise } from './hardware.js'
import type { AnalogMethod, ColumnRange, EngineName, Execution, InputRange, IrDropRule, Spare } from './method.js'

export interface Available {
  readonly executions: readonly Execution[]
  /** Of digital methods. */
  readonly engines: readonly EngineName[]
  readonly devices: readonly (DevicePreset | 'table')[]
  readonly readNoises: readonly ReadNoise[]
  readonly driftCompensations: readonly DriftCompensation[]
  readonly columnRules: readonly ColumnRange['rule'][]
  readonly inputRules: readonly InputRange['rule'][]
  readonly spares: readonly Spare[]
  readonly irDropRules: readonly IrDropRule[]
  /** IR drop itself: a wire resistance above 0. */
  readonly wireResistance: boolean
  readonly sweep: boolean
  readonly train: boolean
  /** Of training, where there is any. */
  readonly trainEngines: readonly EngineName[]
}

/** This version: both digital engines and the chip, with ranges by the largest weights and inputs or learned in training. */
export const thisVersion: Available = {
  executions: ['analog', 'digital'],
  engines: ['ohmflow', 'tensorflow'],
  devices: [...presetNames, 'table'],
  readNoises,
  driftCompensations: ['none', 'global', 'per-column', 'least-squares'],
  columnRules: ['abs-max', 'learned'],
  inputRules: ['abs-max', 'learned'],
  spares: ['none'],
  irDropRules: ['none'],
  wireResistance: true,
  sweep: false,
  train: false,
  trainEngines: ['ohmflow'],
}

const notThere = (file: string, place: string, wanted: string, known: readonly string[]): Problem =>
  problem(
    file,
    place,
    known.length === 0 ? 'it left out' : known.join(' or '),
    `${wanted}, which is not available in this version`,
  )

const quoted = (words: readonly string[]): readonly string[] => words.map(word => `"${word}"`)

const deviceName = (device: DeviceChoice): DevicePreset | 'table' =>
  device.kind === 'preset' ? device.preset : 'table'

const ofMethod = (file: string, at: string, config: Config, m: AnalogMethod, built: Available): Problem | null => {
  const h = hardwareOf(config, m)
  // A setting is shown where it is written: in the method's own hardware if that names it, else in the config's.
  const from = (key: keyof typeof h): string => (m.hardware[key] === undefined ? 'hardware' : `${at}.hardware`)
  const check = <K extends string>(place: string, wanted: K, known: readonly K[]): Problem | null =>
    known.includes(wanted) ? null : notThere(file, place, `"${wanted}"`, quoted(known))
  return (
    check(`${at}.columnRange.rule`, m.columnRange.rule, built.columnRules) ??
    check(`${at}.inputRange.rule`, m.inputRange.rule, built.inputRules) ??
    check(`${at}.spare`, m.spare, built.spares) ??
    check(`${at}.irDrop`, m.irDrop, built.irDropRules) ??
    check(`${from('device')}.device`, deviceName(h.device), built.devices) ??
    check(`${from('readNoise')}.readNoise`, h.readNoise, built.readNoises) ??
    check(`${from('driftCompensation')}.driftCompensation`, h.driftCompensation, built.driftCompensations) ??
    (h.wireResistanceOhm > 0 && !built.wireResistance
      ? notThere(file, `${from('wireResistanceOhm')}.wireResistanceOhm`, `${h.wireResistanceOhm}`, ['0'])
      : null)
  )
}

/**
 * The first thing the config asks for that is not built; null if all of it is.
 * @param file the config's name, for the message.
 */
export const unavailable = (file: string, config: Config, built: Available = thisVersion): Problem | null => {
  if (config.train !== null && !built.train) return notThere(file, 'train', 'training', [])
  if (config.train !== null && !built.trainEngines.includes(config.train.engine))
    return notThere(file, 'train.engine', `"${config.train.engine}"`, quoted(built.trainEngines))
  if (config.sweep !== null && !built.sweep) return notThere(file, 'sweep', 'a sweep', [])
  for (const [i, method] of config.methods.entries()) {
    const at = `methods.${i}`
    const named = `(method "${method.name}")`
    if (!built.executions.includes(method.execution)) {
      return notThere(file, `${at}.execution`, `"${method.execution}" ${named}`, quoted(built.executions))
    }
    if (method.execution === 'digital') {
      if (!built.engines.includes(method.engine)) {
        return notThere(file, `${at}.engine`, `"${method.engine}" ${named}`, quoted(built.engines))
      }
    } else {
      const found = ofMethod(file, at, config, method, built)
      if (found !== null) return found
    }
  }
  return null
}
