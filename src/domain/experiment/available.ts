/**
 * What of a config's vocabulary this version can do. A config is decoded in full first; what is not built is refused here, by name.
 * The one place where a newly built part is switched on.
 */
import { problem, type Problem } from '../problem.js'
import { hardwareOf, type Config } from './config.js'
import { presetNames } from '../devices/constants.js'
import type { DeviceChoice, DevicePreset } from './device.js'
import { driftCompensations, readNoises, type DriftCompensation, type ReadNoise } from './hardware.js'
import {
  columnRules,
  inputRules,
  irDropRules,
  rowScaleRules,
  spares,
  type AnalogMethod,
  type ColumnRange,
  type EngineName,
  type Execution,
  type InputRange,
  type IrDropRule,
  type RowScaleRule,
  type Spare,
} from './method.js'
import type { Setting } from './sweep.js'
import { settingsOf } from '../training/settings.js'
import { learnableRanges, type LearnableRange, type Training, type TrainingNoise, type WeightClip } from './training.js'

/** What training can make a model bear, and on which engine. */
export interface AvailableTraining {
  readonly engines: readonly EngineName[]
  readonly weightNoises: readonly TrainingNoise['rule'][]
  readonly outputNoise: boolean
  readonly quantise: boolean
  readonly weightClips: readonly WeightClip['rule'][]
  readonly irDrop: boolean
  readonly learn: readonly LearnableRange[]
  readonly distillation: boolean
}

export interface Available {
  readonly executions: readonly Execution[]
  /** Of digital methods. */
  readonly engines: readonly EngineName[]
  readonly devices: readonly (DevicePreset | 'table')[]
  readonly readNoises: readonly ReadNoise[]
  readonly driftCompensations: readonly DriftCompensation[]
  readonly columnRules: readonly ColumnRange['rule'][]
  readonly inputRules: readonly InputRange['rule'][]
  /** Fixed ranges that are read from a file. */
  readonly rangeFiles: boolean
  readonly spares: readonly Spare[]
  readonly rowScaleRules: readonly RowScaleRule[]
  readonly irDropRules: readonly IrDropRule[]
  /** IR drop itself: a wire resistance above 0. */
  readonly wireResistance: boolean
  readonly sweep: boolean
  readonly training: AvailableTraining
}

/** This version: both digital engines, the chip, with ranges by every rule or from a file; training. */
export const thisVersion: Available = {
  executions: ['analog', 'digital'],
  engines: ['ohmflow', 'tensorflow'],
  devices: [...presetNames, 'table'],
  readNoises,
  driftCompensations,
  columnRules,
  inputRules,
  rangeFiles: true,
  spares,
  rowScaleRules,
  irDropRules,
  wireResistance: true,
  sweep: true,
  training: {
    engines: ['ohmflow'],
    weightNoises: ['constant', 'device'],
    outputNoise: true,
    quantise: true,
    weightClips: ['none', 'standard-deviations', 'fixed'],
    irDrop: true,
    learn: learnableRanges,
    distillation: true,
  },
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
  const saved = (key: string, range: ColumnRange | InputRange): Problem | null =>
    range.rule === 'fixed' && range.file !== null && !built.rangeFiles
      ? notThere(file, `${at}.${key}.file`, `"${range.file.written}"`, ['it left out, and "value" instead'])
      : null
  return (
    check(`${at}.columnRange.rule`, m.columnRange.rule, built.columnRules) ??
    // The objective is about ranges that a tile keeps.
    (m.inputRange.rule === 'dynamic' && (m.columnRange.rule === 'optimal' || m.spare !== 'none')
      ? check(
          `${at}.inputRange.rule`,
          m.inputRange.rule,
          built.inputRules.filter(rule => rule !== 'dynamic'),
        )
      : null) ??
    check(`${at}.inputRange.rule`, m.inputRange.rule, built.inputRules) ??
    saved('columnRange', m.columnRange) ??
    saved('inputRange', m.inputRange) ??
    check(`${at}.spare`, m.spare, built.spares) ??
    check(`${at}.rowScale`, m.rowScale, built.rowScaleRules) ??
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
 * The first thing a training asks for that is not built, by itself or through its preset; null if all of it is.
 * @param file the config's name, for the message.
 */
export const unavailableTraining = (
  file: string,
  config: Pick<Config, 'hardware'>,
  training: Training,
  { training: built }: Available = thisVersion,
): Problem | null => {
  if (!built.engines.includes(training.engine))
    return notThere(file, 'train.engine', `"${training.engine}"`, quoted(built.engines))
  const { hardwareAware: asked } = settingsOf(training, config.hardware)
  if (asked === null) return null
  const { weightNoise, weightClip } = asked
  /** What is asked for, whether it is built, and what may stand there instead. */
  const lacking = (key: keyof Training, there: boolean, wanted: string, known: readonly string[]): Problem | null => {
    if (there) return null
    if (training[key] !== null) return notThere(file, `train.${key}`, wanted, known)
    return notThere(file, 'train.preset', `"${training.preset}" with its ${key} of ${wanted}`, ['"plain"'])
  }
  const rules = (names: readonly string[]): readonly string[] => names.map(name => `the rule "${name}"`)
  const range = asked.learn.find(r => !built.learn.includes(r))
  return (
    (weightNoise === null
      ? null
      : lacking(
          'weightNoise',
          built.weightNoises.includes(weightNoise.rule),
          `the rule "${weightNoise.rule}"`,
          rules(built.weightNoises),
        )) ??
    lacking('outputNoise', asked.outputNoise === 0 || built.outputNoise, `${asked.outputNoise}`, ['0']) ??
    lacking('quantise', !asked.quantise || built.quantise, 'true', ['false']) ??
    lacking(
      'weightClip',
      built.weightClips.includes(weightClip.rule),
      `the rule "${weightClip.rule}"`,
      rules(built.weightClips),
    ) ??
    lacking('irDrop', !asked.irDrop || built.irDrop, 'true', ['false']) ??
    lacking('learn', range === undefined, `"${range ?? ''}"`, quoted(built.learn)) ??
    lacking('distillation', asked.distillation === 0 || built.distillation, `${asked.distillation}`, ['0'])
  )
}

/** Passes over the examples in one plan, which is laid out as a list: twenty thousand times what the paper needs. */
export const mostPasses = 1_000_000

const passesOf = ({ tasks, methods, repeat: { chips, reads, times } }: Config): number =>
  tasks.length * methods.filter(m => m.execution === 'analog').length * chips * reads * times.length

/** Settings of a plan that no memory holds and nobody waits for; null if they are none. */
export const tooManyPasses = (file: string, settings: readonly Pick<Setting, 'config'>[]): Problem | null => {
  const passes = settings.reduce((sum, { config }) => sum + passesOf(config), 0)
  const [first] = settings
  if (passes <= mostPasses || first === undefined) return null
  const { chips, reads, times } = first.config.repeat
  const of = settings.length === 1 ? '' : `${settings.length} settings, of the first `
  return problem(
    file,
    'repeat',
    `at most ${mostPasses} passes (tasks x methods x chips x reads x times${of === '' ? '' : ' x settings'})`,
    `${passes} (${of}${chips} chips, ${reads} reads, ${times.length} times)`,
  )
}

/**
 * The first thing the config asks for that is not built, its training aside; null if all of it is.
 * @param file the config's name, for the message.
 */
export const unavailable = (file: string, config: Config, built: Available = thisVersion): Problem | null => {
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
