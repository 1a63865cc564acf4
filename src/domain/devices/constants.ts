/**
 * Every constant of the device presets, once: value, unit, source, valid range. Nothing else in src/domain/devices holds one.
 * Not here: the laws they enter (model.ts), and a user's own tables (experiment/device.ts).
 *
 * The floors in the published code (r >= 1e-7 before a logarithm, 1e-3 under Q's power) lie where the clips and the cap
 * already decide; they change no value and are not repeated here.
 */
import type { Fit } from './fit.js'

export interface Quantity {
  readonly value: number
  readonly unit: string
}

export interface Characterisation {
  readonly name: string
  /** Where the numbers were published. */
  readonly source: string
  /** Largest conductance characterised; programmingDeviation scales with the g_max in use, relative to it. */
  readonly gMax: Quantity
  /** t_0: time after programming at which drift starts. */
  readonly referenceTime: Quantity
  /** t_read: duration of one read. */
  readonly readTime: Quantity
  /** sigma(target / g_max), at the characterised g_max. */
  readonly programmingDeviation: Fit
  /** mu_nu(target / g_max): mean of the drift exponent before folding. */
  readonly driftMean: Fit
  /** sd_nu(target / g_max): standard deviation of the drift exponent before folding. */
  readonly driftDeviation: Fit
  /** Q(programmed / g_max): 1/f noise of a read relative to the conductance. */
  readonly readNoise: Fit
}

export const presetNames = ['pcm', 'hermes-1', 'hermes-2'] as const
export type PresetName = (typeof presetNames)[number]

const valid = [0, 1] as const

const pcm: Characterisation = {
  name: 'pcm',
  source:
    'S. R. Nandakumar et al., "Phase-change memory models for deep learning training and inference", ICECS 2019; ' +
    'V. Joshi et al., Nat. Commun. 11, 2473 (2020): 90 nm doped Ge2Sb2Te5, one million devices',
  gMax: { value: 25, unit: 'µS' },
  referenceTime: { value: 20, unit: 's' },
  readTime: { value: 250e-9, unit: 's' },
  programmingDeviation: {
    unit: 'µS',
    valid,
    pieces: [{ form: 'polynomial', coefficients: [0.26348, 1.965, -1.1731], below: Infinity }],
  },
  driftMean: {
    unit: '1',
    valid,
    pieces: [{ form: 'logarithm', slope: -0.0155, intercept: 0.0244, low: 0.049, high: 0.1, below: Infinity }],
  },
  driftDeviation: {
    unit: '1',
    valid,
    pieces: [{ form: 'logarithm', slope: -0.0125, intercept: -0.0059, low: 0.008, high: 0.045, below: Infinity }],
  },
  readNoise: {
    unit: '1',
    valid,
    pieces: [{ form: 'power', factor: 0.0088, exponent: -0.65, high: 0.2, below: Infinity }],
  },
}

const hermesSource =
  'M. Le Gallo et al., Nat. Electron. 6, 680 (2023); R. Khaddam-Aljameh et al., JSSC 57, 1027 (2022); two devices: ' +
  'A. Vasilopoulos et al., IEEE TED (2023): fits to the HERMES project chip as published with aihwkit (inference/noise/hermes)'

const hermesDriftMean: Fit = {
  unit: '1',
  valid,
  pieces: [
    { form: 'logarithm', slope: -0.0387, intercept: -0.0182, low: 0.072, high: 0.13, below: 0.0945 },
    { form: 'polynomial', coefficients: [0.0736, -0.0126, -0.0436], below: Infinity },
  ],
}

const hermes1: Characterisation = {
  name: 'hermes-1',
  source: hermesSource,
  gMax: { value: 10.35, unit: 'µS' },
  referenceTime: { value: 200, unit: 's' },
  readTime: { value: 512e-9, unit: 's' },
  programmingDeviation: {
    unit: 'µS',
    valid,
    pieces: [{ form: 'polynomial', coefficients: [0.15781817, 2.32443916, -2.16310839, 0.68841818], below: Infinity }],
  },
  driftMean: hermesDriftMean,
  driftDeviation: {
    unit: '1',
    valid,
    pieces: [
      { form: 'logarithm', slope: -0.012, intercept: -0.0023, low: 0.0124, high: 0.04, below: 0.3039 },
      { form: 'polynomial', coefficients: [0.0104, 0.0116, -0.0165], below: Infinity },
    ],
  },
  readNoise: {
    unit: '1',
    valid,
    pieces: [
      { form: 'logarithm', slope: -0.0078, intercept: 0.0038, low: 0.0179, high: 0.04, below: 0.1591 },
      { form: 'polynomial', coefficients: [0.0088, 0.0768, -0.1352, 0.0664], below: Infinity },
    ],
  },
}

const hermes2: Characterisation = {
  name: 'hermes-2',
  source: hermesSource,
  gMax: { value: 20.7, unit: 'µS' },
  referenceTime: { value: 300, unit: 's' },
  readTime: { value: 512e-9, unit: 's' },
  programmingDeviation: {
    unit: 'µS',
    valid,
    pieces: [{ form: 'polynomial', coefficients: [0.16603222, 4.71806468, -8.48101252, 4.68961419], below: Infinity }],
  },
  driftMean: hermesDriftMean,
  driftDeviation: {
    unit: '1',
    valid,
    pieces: [
      { form: 'logarithm', slope: -0.0117, intercept: -0.0057, low: 0.0091, high: 0.04, below: 0.3055 },
      { form: 'polynomial', coefficients: [0.0073, 0.0093, -0.0118], below: Infinity },
    ],
  },
  readNoise: {
    unit: '1',
    valid,
    pieces: [
      { form: 'logarithm', slope: -0.0117, intercept: -0.0069, low: 0.015, high: 0.04, below: 0.16 },
      { form: 'polynomial', coefficients: [0.0123, 0.0211, -0.028, 0.0069], below: Infinity },
    ],
  },
}

export const presets: Readonly<Record<PresetName, Characterisation>> = {
  pcm,
  'hermes-1': hermes1,
  'hermes-2': hermes2,
}
