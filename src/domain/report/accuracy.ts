/** The figure of scores over time: a panel for each task and metric, bands for chips and for reads, digital as a line. */
import { each, intervalsNote, ladderAt, recoveryNotes, timesOf, type Results } from '../experiment/results.js'
import type { Summary } from '../experiment/summary.js'
import { around, time } from './cells.js'
import {
  boundsOf,
  gridOf,
  ink,
  methodColour,
  methodShape,
  panels,
  specification,
  timeAxis,
  type Figure,
  type Spec,
} from './figure.js'
import { analogMethods, levelsOf } from './level.js'
import { ladderColumns, methodColumn, rungsOf, spreadColumns, subjectColumns } from './score-columns.js'

type Point = Pick<Summary, 'method' | 'time_seconds' | 'mean' | 'low' | 'high' | 'read_low' | 'read_high'>

interface Panel {
  readonly title: string
  readonly points: readonly Point[]
}

const pointOf = ({ method, time_seconds, mean, low, high, read_low, read_high }: Summary): Point => ({
  ...{ method, time_seconds, mean, low, high, read_low, read_high },
})

const panelsOf = (results: Results): readonly Panel[] => {
  const { summary, means } = results
  const own = each(summary.map(r => r.task)).flatMap(task =>
    each(summary.filter(r => r.task === task).map(r => r.metric)).map(metric => ({
      title: `${task}: ${metric}`,
      points: summary.filter(r => r.task === task && r.metric === metric).map(pointOf),
    })),
  )
  const over = means.map(m => ({ ...m, read_low: null, read_high: null }))
  return means.length === 0 ? own : [{ title: levelsOf(results).measure, points: over }, ...own]
}

const band = (low: string, high: string, opacity: number): Spec => ({
  transform: [{ filter: `isValid(datum.${low})` }],
  mark: { type: 'area', opacity, clip: true },
  encoding: { y: { field: low, type: 'quantitative' }, y2: { field: high } },
})

const interval: Spec = {
  transform: [{ filter: 'isValid(datum.low)' }],
  mark: { type: 'rule', opacity: 0.55, clip: true },
  encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
}

const panel = ({ title, points }: Panel, methods: readonly string[], x: Spec): Spec => {
  const analog = points.filter(p => p.time_seconds !== null)
  const digital = points.filter(p => p.time_seconds === null)
  const y = { type: 'quantitative', title: null, scale: { domain: boundsOf(points), nice: false, zero: false } }
  return {
    title,
    width: 215,
    height: 150,
    layer: [
      {
        data: { values: digital.map(({ method, mean }) => ({ method, mean })) },
        mark: { type: 'rule', color: ink, strokeDash: [5, 3], strokeWidth: 1.5 },
        encoding: { y: { field: 'mean', ...y } },
      },
      {
        data: { values: analog.map(p => ({ ...p })) },
        encoding: { x: { field: 'time_seconds', ...x }, color: methodColour(methods) },
        layer: [
          ...(analog.some(p => p.low !== null) ? [band('low', 'high', 0.13), interval] : []),
          ...(analog.some(p => p.read_low !== null) ? [band('read_low', 'read_high', 0.25)] : []),
          { mark: { type: 'line', strokeWidth: 2 }, encoding: { y: { field: 'mean', ...y } } },
          { mark: { type: 'point' }, encoding: { y: { field: 'mean', ...y }, shape: methodShape(methods) } },
        ],
      },
    ],
  }
}

/** At each time, each method's score on the whole, in words. */
const inWords = (results: Results): string => {
  const { measure, levels } = levelsOf(results)
  const said = timesOf(results).map(seconds => {
    const own = levels.filter(l => l.time_seconds === seconds).map(l => `${l.method} ${around(l, 3)}`)
    return `after ${time(seconds)}: ${own.join(', ')}`
  })
  const digital = levels.filter(l => l.time_seconds === null).map(l => `${l.method} ${around(l, 3)}`)
  return `Scores over time since programming, ${measure}: ${[...digital, ...said].join('; ')}.`
}

/** @param referenceTime t_0 of the devices [s] */
export const accuracyFigure = (results: Results, referenceTime: number): Figure => {
  const { summary } = results
  const methods = analogMethods(results)
  const times = timesOf(results)
  const x = timeAxis(times, referenceTime)
  const alt = inWords(results)
  const reads = summary.some(r => r.read_high !== null) ? ' Darker bands: 95 % over reads of these chips.' : ''
  const chips = summary.some(r => r.high !== null)
    ? 'Bands: 95 % confidence of the mean over chips; one other chip may lie outside; cut where they leave the panel.'
    : 'One chip: no intervals over chips.'
  const digits = each(summary.map(r => r.task)).length > 1 ? 3 : 4
  return {
    name: 'accuracy',
    title: 'Accuracy over time',
    caption: `Dashed: digital. ${chips}${reads} Time goes as the logarithm that drift goes by.`,
    alt,
    spec: specification(alt, panels(3, panelsOf(results).map(p => panel(p, methods, x)))), // prettier-ignore
    tables: [
      ...times.map(seconds => {
        const ladder = ladderAt(results, seconds)
        const notes = [intervalsNote, ...recoveryNotes(ladder)].join('; ')
        const rungs = rungsOf(ladder)
        const columns = [methodColumn, ...ladderColumns(rungs, digits)]
        return gridOf(`Scores after ${time(seconds)} (${notes})`, columns, rungs)
      }),
      gridOf(
        'Drop from the digital score, and agreement with the digital predictions',
        [...subjectColumns, ...spreadColumns],
        summary.filter(r => r.chips !== null),
      ),
    ],
  }
}
