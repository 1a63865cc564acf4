/** Device laws of the presets in units of g_max, as the kernels take them (DESIGN.md, "The physics"), and one of tables. */
import type { DeviceLaws } from '../../src/kernels/reference/law.js'

export const pcm: DeviceLaws = {
  programming: { form: 'cubic', cubic: [0.26348 / 25, 1.965 / 25, -1.1731 / 25, 0] },
  driftMean: { form: 'logarithm', a: -0.0155, b: 0.0244, low: 0.049, high: 0.1 },
  driftDeviation: { form: 'logarithm', a: -0.0125, b: -0.0059, low: 0.008, high: 0.045 },
  read: { form: 'power', a: -0.65, b: Math.log(0.0088), low: -Infinity, high: Math.log(0.2) },
}

export const hermes1: DeviceLaws = {
  programming: {
    form: 'cubic',
    cubic: [0.15781817 / 10.35, 2.32443916 / 10.35, -2.16310839 / 10.35, 0.68841818 / 10.35],
  },
  driftMean: {
    ...{ form: 'logarithm', a: -0.0387, b: -0.0182, low: 0.072, high: 0.13 },
    above: { threshold: 0.0945, cubic: [0.0736, -0.0126, -0.0436, 0] },
  },
  driftDeviation: {
    ...{ form: 'logarithm', a: -0.012, b: -0.0023, low: 0.0124, high: 0.04 },
    above: { threshold: 0.3039, cubic: [0.0104, 0.0116, -0.0165, 0] },
  },
  read: {
    ...{ form: 'logarithm', a: -0.0078, b: 0.0038, low: 0.0179, high: 0.04 },
    above: { threshold: 0.1591, cubic: [0.0088, 0.0768, -0.1352, 0.0664] },
  },
}

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
