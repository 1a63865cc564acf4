/**
 * The figures that compare methods: each one's score on the whole with the share of the loss that it recovers, and the
 * differences from the first method on the same chips.
 */
import type { Difference } from '../experiment/difference.js'
import { each, timesOf, type Results } from '../experiment/results.js'
import { around, percent, signed, time } from './cells.js'
import { boundsOf, gridOf, ink, methodColour, methodShape, panels, specification, type Figure, type Spec } from './figure.js' // prettier-ignore
import { analogMethods, levelsOf, type Level, type Levels } from './level.js'
import { differenceColumns } from './score-columns.js'

const labelOf = (level: Level, reference: string | null): string => {
  const score = level.mean === null ? 'undefined' : level.mean.toFixed(3)
  return level.recovered === null || level.method === reference
    ? score
    : `${score}, ${percent(level.recovered)} won back`
}

const panelWidth = 230

/** Bars of the intervals, where there are any. */
const intervals = (values: readonly { readonly low: number | null }[]): readonly Spec[] =>
  values.every(v => v.low === null)
    ? []
    : [
        {
          transform: [{ filter: 'isValid(datum.low)' }],
          mark: { type: 'rule', strokeWidth: 3, opacity: 0.4, clip: true },
          encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
        },
      ]

const panel = ({ levels, reference, measure }: Levels, seconds: number, methods: readonly string[]): Spec => {
  const own = levels.filter(l => l.time_seconds === seconds)
  const digital = levels.filter(l => l.time_seconds === null)
  const domain = boundsOf(levels)
  const x = { type: 'quantitative', title: measure, scale: { domain, nice: false, zero: false } }
  const y = { field: 'method', type: 'nominal', title: null, scale: { domain: methods } }
  return {
    title: `After ${time(seconds)}`,
    width: panelWidth,
    height: { step: 26 },
    layer: [
      {
        data: { values: digital.map(({ method, mean }) => ({ method, mean })) },
        mark: { type: 'rule', color: ink, strokeDash: [5, 3], strokeWidth: 1.5 },
        encoding: { x: { field: 'mean', ...x } },
      },
      {
        data: { values: own.map(l => ({ ...l, label: labelOf(l, reference) })) },
        encoding: { y, color: methodColour(methods) },
        layer: [
          ...intervals(own),
          {
            mark: { type: 'point', size: 110 },
            encoding: { x: { field: 'mean', ...x }, shape: methodShape(methods) },
          },
          {
            // Beside the panel, where no interval crosses it.
            mark: { type: 'text', align: 'left', dx: 8, fontSize: 12 },
            encoding: {
              x: { value: panelWidth },
              text: { field: 'label', type: 'nominal' },
              color: { value: ink },
            },
          },
        ],
      },
    ],
  }
}

/** Null without analog methods. */
export const ladderFigure = (results: Results): Figure | null => {
  const methods = analogMethods(results)
  const all = levelsOf(results)
  const times = timesOf(results)
  if (methods.length === 0) return null
  const digital = all.levels.filter(l => l.time_seconds === null).map(l => `digital ${around(l, 3)}`)
  const said = times.map(seconds => {
    const own = all.levels.filter(l => l.time_seconds === seconds)
    return `after ${time(seconds)}: ${own.map(l => `${l.method} ${around(l, 3)}${l.recovered === null ? '' : ` (wins back ${percent(l.recovered)})`}`).join(', ')}`
  })
  const alt = `Methods against each other, ${all.measure}: ${[...digital, ...said].join('; ')}.`
  const against = all.reference === null ? '' : ` Won back: share of the loss from digital to ${all.reference}.`
  return {
    name: 'ladder',
    title: 'The ladder of methods',
    caption: `Dashed: digital. Bars: 95 % confidence over chips, cut where they leave the panel.${against}`,
    alt,
    spec: specification(
      alt,
      panels(
        2,
        times.map(seconds => panel(all, seconds, methods)),
      ),
    ),
    tables: [],
  }
}

const differencePanel = (
  title: string,
  own: readonly Difference[],
  methods: readonly string[],
  domain: readonly number[],
): Spec => ({
  title,
  width: 215,
  height: { step: 24 },
  layer: [
    { data: { values: [{ zero: 0 }] }, mark: { type: 'rule', color: ink }, encoding: { x: { field: 'zero', type: 'quantitative' } } }, // prettier-ignore
    {
      data: { values: own.map(({ method, mean, low, high }) => ({ method, mean, low, high })) },
      encoding: {
        y: { field: 'method', type: 'nominal', title: null, scale: { domain: methods.slice(1) } },
        color: methodColour(methods),
      },
      layer: [
        ...intervals(own),
        {
          transform: [{ filter: 'isValid(datum.mean)' }],
          mark: { type: 'point' },
          encoding: {
            x: { field: 'mean', type: 'quantitative', title: null, scale: { domain, nice: false } },
            shape: methodShape(methods),
          },
        },
      ],
    },
  ],
})

/** At the last time; the table has all. Null with fewer than two analog methods. */
export const differencesFigure = (results: Results): Figure | null => {
  const { differences } = results
  const [first] = differences
  const last = Math.max(...timesOf(results))
  const own = differences.filter(d => d.time_seconds === last)
  if (first === undefined || own.length === 0) return null
  const methods = analogMethods(results)
  const subjects = each(own.map(d => `${d.task}: ${d.metric}`))
  const domain = boundsOf([...own, { mean: 0, low: null, high: null }])
  const said = own.map(d => `${d.task} ${d.metric}, ${d.method} ${around(d, 4, signed)}`)
  const alt = `Differences from ${first.reference} on the same chips after ${time(last)}: ${said.join('; ')}.`
  return {
    name: 'differences',
    title: `Differences from ${first.reference} on the same chips, after ${time(last)}`,
    caption:
      'Each chip is compared with itself, so that what a chip does to both methods cancels. Bars: 95 % confidence over chips; one that crosses the line at 0 may be chance.',
    alt,
    spec: specification(
      alt,
      panels(
        3,
        subjects.map(subject =>
          differencePanel(
            subject,
            own.filter(d => `${d.task}: ${d.metric}` === subject),
            methods,
            domain,
          ),
        ),
      ),
    ),
    tables: [gridOf('Differences on the same chips, at every time', differenceColumns, differences)],
  }
}
