import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { deviceModel } from '../../../src/domain/devices/characterised.js'
import { gridSteps, interpolated, momentGrid, type MomentGrid } from '../../../src/domain/devices/moment-grid.js'
import { tabulate } from '../../../src/domain/devices/moment-table.js'
import type { DeviceModel } from '../../../src/domain/devices/model.js'
import type { DeviceChoice } from '../../../src/domain/experiment/device.js'
import { allOn, ownTable, presetChoices } from './choices.js'

const devices: readonly DeviceChoice[] = [...presetChoices, ownTable]
const cases = devices.flatMap(choice => [0, 3600, 3e7].map(time => [choice, time] as const))
/** Of the table that the grid is taken from, in units of g_max and of its square. */
const tolerance = 1e-8

/** Distances from the exact moments at a share, in units of the stated errors. */
const excess = (model: DeviceModel, grid: MomentGrid, share: number) => {
  const g = model.gMaxMicroSiemens
  const exact = model.moments(share * g, grid.seconds)
  return {
    mean: Math.abs(interpolated(grid.mean, share) - exact.mean / g) / (grid.meanError + tolerance),
    variance:
      Math.abs(interpolated(grid.variance, share) - exact.variance / (g * g)) / (grid.varianceError + tolerance),
  }
}

describe.each(
  cases.map(([choice, time]) => [choice.kind === 'preset' ? choice.preset : choice.name, time, choice] as const),
)('the moment grid of %s at %d s', (_, time, choice) => {
  const model = deviceModel(choice, allOn)
  const grid = momentGrid(model, time)
  const kinks = model.kinksMicroSiemens.map(g => (g / model.gMaxMicroSiemens) * gridSteps)

  test('is exact at both ends, and at its points', () => {
    expect([grid.mean.length, grid.variance.length]).toEqual([gridSteps + 1, gridSteps + 1])
    for (const share of [0, 1, 0.25, 0.75, 5 / gridSteps]) {
      const exact = model.moments(share * model.gMaxMicroSiemens, time)
      const [mean, variance] = [interpolated(grid.mean, share), interpolated(grid.variance, share)]
      expect(Math.abs(mean - exact.mean / model.gMaxMicroSiemens)).toBeLessThan(tolerance)
      expect(Math.abs(variance - exact.variance / model.gMaxMicroSiemens ** 2)).toBeLessThan(tolerance)
    }
  })

  test.prop([fc.integer({ min: 0, max: 2 ** 30 }).map(k => k / 2 ** 30)], { numRuns: 200 })(
    'errs by no more than it says',
    share => {
      // Between two points with a kink or a jump the middle is not the worst place, but at most twice as good.
      const cell = Math.floor(share * gridSteps)
      const most = kinks.some(k => Math.abs(k - cell - 0.5) <= 1) ? 2 : 1.01
      const { mean, variance } = excess(model, grid, share)
      expect(mean).toBeLessThan(most)
      expect(variance).toBeLessThan(most)
    },
  )

  test('errs at its kinks by at most twice that', () => {
    for (const kink of kinks)
      for (const offset of [-0.999, -0.5, -0.1, -1e-6, 1e-6, 0.1, 0.5, 0.999]) {
        const { mean, variance } = excess(model, grid, Math.max(0, Math.min(1, (kink + offset) / gridSteps)))
        expect(Math.max(mean, variance)).toBeLessThan(2)
      }
  })

  test('and what it says is little', () => {
    expect(grid.meanError).toBeLessThan(2e-3)
    expect(grid.varianceError).toBeLessThan(2e-3)
  })
})

test('a device far noisier than its range has a table, in few pieces: no rounding is looked for below its own', () => {
  const flat = (value: number) => [[0, value], [25, value]] as const // prettier-ignore
  const device = { ...ownTable, gMaxMicroSiemens: 25, readNoise: flat(1000), programmingDeviation: flat(1e6) }
  const curves = { driftMean: flat(0.05), driftDeviation: flat(0.01) }
  const model = deviceModel({ ...device, ...curves }, { programming: 10, drift: 1, read: 10 })
  const table = tabulate(model, 3600)
  expect(table.pieces).toBeLessThan(100)
  expect(table.at(3).variance / model.moments(3, 3600).variance).toBeCloseTo(1, 9)
})
