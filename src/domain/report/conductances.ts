/**
 * The figure of the devices: mean and standard deviation of a conductance over time and target, exact, from the moments.
 * Not here: which conductances a model's weights have.
 */
import { characterisedDevice, characterisationOf } from '../devices/characterised.js'
import type { DeviceModel } from '../devices/model.js'
import type { DeviceChoice } from '../experiment/device.js'
import type { NoiseScales } from '../experiment/hardware.js'
import { time } from './cells.js'
import { gridOf, panels, specification, timeAxis, type Figure, type Spec } from './figure.js'

/** A kind of device, and the methods whose chips are made of it. */
export interface Devices {
  readonly device: DeviceChoice
  readonly noiseScales: NoiseScales
  readonly methods: readonly string[]
}

const shares = [0, 0.2, 0.4, 0.6, 0.8, 1] as const
const points = 48

/** Times from 0 to the last, evenly on the scale of drift. */
const curve = (last: number, referenceTime: number): readonly number[] =>
  Array.from({ length: points + 1 }, (_, i) =>
    i === points ? last : referenceTime * Math.expm1((i / points) * Math.log1p(last / referenceTime)),
  )

const at = (model: DeviceModel, share: number, seconds: number) => {
  const target = share * model.gMaxMicroSiemens
  const { mean, variance } = model.moments(target, seconds)
  const deviation = Math.sqrt(variance)
  return { target, seconds, mean, deviation, low: Math.max(0, mean - deviation), high: mean + deviation }
}

const target = { field: 'target', type: 'ordinal', scale: { scheme: 'viridis' }, sort: 'descending' }

const overTime = (model: DeviceModel, times: readonly number[], referenceTime: number): Spec => ({
  title: 'Conductance over time, by target',
  width: 360,
  height: 260,
  data: {
    values: shares.flatMap(s => curve(Math.max(...times, referenceTime), referenceTime).map(t => at(model, s, t))),
  },
  encoding: {
    x: { field: 'seconds', ...timeAxis(times, referenceTime) },
    color: { ...target, legend: { title: ['target,', 'µS'], orient: 'right' } },
  },
  layer: [
    {
      mark: { type: 'area', opacity: 0.3 },
      encoding: { y: { field: 'low', type: 'quantitative', title: 'µS' }, y2: { field: 'high' } },
    },
    {
      mark: { type: 'line', strokeWidth: 2 },
      encoding: { y: { field: 'mean', type: 'quantitative', title: 'µS' } },
    },
  ],
})

const overTarget = (model: DeviceModel, times: readonly number[]): Spec => ({
  title: 'Standard deviation over target, by time',
  width: 270,
  height: 260,
  data: {
    values: times.flatMap(t => Array.from({ length: 41 }, (_, i) => ({ ...at(model, i / 40, t), time: time(t) }))),
  },
  mark: { type: 'line', strokeWidth: 2 },
  encoding: {
    x: { field: 'target', type: 'quantitative', title: 'target, µS', scale: { nice: false } },
    y: { field: 'deviation', type: 'quantitative', title: 'standard deviation, µS' },
    strokeDash: { field: 'time', type: 'ordinal', sort: times.map(t => time(t)), legend: { title: 'after', orient: 'right', symbolSize: 400 } }, // prettier-ignore
    color: { value: '#0072B2' },
  },
})

/** @param times [s] since programming, of the experiment; not empty */
export const conductancesFigure = (
  { device, noiseScales, methods }: Devices,
  times: readonly number[],
  index: number,
): Figure => {
  const known = characterisationOf(device)
  const model = characterisedDevice(known, device.gMaxMicroSiemens, noiseScales)
  const t0 = known.referenceTime.value
  const rows = shares.map(s => ({ share: s, cells: times.map(t => at(model, s, t)) }))
  const full = rows.at(-1)?.cells.map(c => `${c.mean.toFixed(2)} ± ${c.deviation.toFixed(2)} µS after ${time(c.seconds)}`) // prettier-ignore
  const alt = `Conductance of a ${known.name} device over time: one programmed to ${model.gMaxMicroSiemens} µS has ${full?.join(', ') ?? ''}.`
  const { programming, drift, read } = noiseScales
  return {
    name: index === 0 ? 'conductances' : `conductances-${index + 1}`,
    title: `Conductances over time: ${known.name}`,
    caption: `Mean ± standard deviation of one device, exact, from its model (noise scales: programming ${programming}, drift ${drift}, read ${read}). Before any compensation. Methods: ${methods.join(', ')}. Source: ${known.source}.`,
    alt,
    spec: specification(alt, { ...panels(2, [overTime(model, times, t0), overTarget(model, times)]), resolve: { scale: { color: 'independent' } } }), // prettier-ignore
    tables: [
      gridOf(
        'Conductance by target, µS: mean ± standard deviation',
        [
          { head: 'target', cell: r => (r.share * model.gMaxMicroSiemens).toFixed(2) },
          ...times.map((t, i) => ({
            head: `after ${time(t)}`,
            cell: (r: (typeof rows)[number]): string => {
              const c = r.cells[i]
              return c === undefined ? '-' : `${c.mean.toFixed(3)} ± ${c.deviation.toFixed(3)}`
            },
          })),
        ],
        rows,
      ),
    ],
  }
}
