/**
 * The figures of a sweep: scores over one of its axes, a panel for each setting of the others. All at each setting's last
 * time. Not here: settings against methods as a map (`heat.ts`), one setting in full.
 */
import { each, type Results } from '../experiment/results.js'
import type { SettingResults } from '../experiment/setting-results.js'
import type { Column, Row } from '../tables/table.js'
import {
  axisName,
  columnsOf,
  isOrdered,
  mainAxis,
  rowLabel,
  shortNames,
  spacingOf,
  sweepAxes,
  valuesLabel,
  type SweepAxis,
} from './axes.js'
import { around } from './cells.js'
import { boundsOf, ink, methodColour, methodShape, panels, specification, type Figure, type Spec } from './figure.js' // prettier-ignore
import { analogMethods, levelsOf, type Level } from './level.js'
import { settingCell } from './settings.js'
import { lastTime, overallMeasure, settingGrids, whenSaid, type SweepResults } from './sweep-results.js'

type Ends = Pick<Level, 'method' | 'time_seconds' | 'mean' | 'low' | 'high'>

/** One way to score a setting: on the whole, or on one task. */
interface Measure {
  readonly title: string
  readonly of: (results: Results) => readonly Ends[]
}

const overall = (settings: readonly SettingResults[]): Measure => ({
  title: overallMeasure(settings),
  of: results => levelsOf(results).levels,
})

/** None where there is one task only. */
const taskByTask = (settings: readonly SettingResults[]): readonly Measure[] => {
  if (settings.every(({ results }) => results.means.length === 0)) return []
  const all = settings.flatMap(({ results }) => results.summary.map(({ task, metric }) => ({ task, metric })))
  const subjects = new Map(all.map(s => [`${s.task}: ${s.metric}`, s] as const))
  return [...subjects].map(([title, { task, metric }]) => ({
    title,
    of: ({ summary }) => summary.filter(s => s.task === task && s.metric === metric),
  }))
}

interface Point extends Ends {
  /** Where it stands on the axis. */
  readonly x: number | string
}

interface Facet {
  readonly title: string
  readonly points: readonly Point[]
}

/** More panels are not looked at: the tables have them. */
const mostPanels = 12
/** The same of each task. */
const fewPanels = 3

interface Layout {
  readonly axis: SweepAxis
  /** Of the axis. */
  readonly title: string
  readonly others: readonly Column[]
  readonly place: (cells: Row) => number | string
  readonly label: (columns: readonly Column[], row: Row) => string
}

const layoutOf = ({ columns, settings }: SweepResults): Layout => {
  const axes = sweepAxes(columns, settings.map(s => s.cells)) // prettier-ignore
  const axis = mainAxis(axes) ?? { columns, values: [] }
  const names = shortNames(columns)
  const label = rowLabel(names)
  const [only, ...more] = axis.columns
  const place = (cells: Row): number | string => {
    const cell = only === undefined ? undefined : cells[only.name]
    if (spacingOf(axis) !== 'even' && typeof cell === 'number') return cell
    return more.length === 0 ? settingCell(cell) : valuesLabel(axis.columns, cells)
  }
  return { axis, title: axisName(names, axis.columns), others: columnsOf(axes.filter(a => a !== axis)), place, label }
}

const facetsOf = (
  { settings }: SweepResults,
  { others, place, label }: Layout,
  { title: measure, of }: Measure,
  named: boolean,
): readonly Facet[] => {
  const titles = each(settings.map(({ cells }) => label(others, cells)))
  return titles.map(title => ({
    title: [...(named ? [measure] : []), ...(others.length === 0 ? [] : [title])].join(', '),
    points: settings
      .filter(({ cells }) => label(others, cells) === title)
      .flatMap(
        ({ cells, results }) =>
        of(results)
          .filter(l => l.time_seconds === null || l.time_seconds === lastTime(results))
          .map(({ method, time_seconds, mean, low, high }) => ({ x: place(cells), method, time_seconds, mean, low, high })), // prettier-ignore
      ),
  }))
}

const axisEncoding = (layout: Layout): Spec => {
  const { axis, place, title } = layout
  const spacing = spacingOf(axis)
  const values = axis.values.map(place)
  if (spacing === 'even')
    return { type: 'nominal', title, scale: { domain: values }, axis: { labelAngle: values.some(v => String(v).length > 7) ? -35 : 0 } } // prettier-ignore
  return {
    type: 'quantitative',
    title,
    scale: { ...(spacing === 'log' ? { type: 'log' } : { zero: false }), nice: false, padding: 10 },
    axis: { values, format: '~g', labelOverlap: true },
  }
}

const digitalOf = ({ points }: Pick<Facet, 'points'>): readonly Point[] => points.filter(p => p.time_seconds === null)

/** Whether one line says it all. */
const areAlike = (points: readonly Point[]): boolean => each(points.map(p => p.mean)).length === 1

const bars = (opacity: number): Spec => ({
  transform: [{ filter: 'isValid(datum.low)' }],
  mark: { type: 'rule', opacity, clip: true, ...(opacity < 0.5 ? { strokeWidth: 3 } : {}) },
  encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
})

const panel = ({ title, points }: Facet, layout: Layout, methods: readonly string[], y: Spec): Spec => {
  const analog = points.filter(p => p.time_seconds !== null)
  const digital = digitalOf({ points })
  const joined = isOrdered(layout.axis) && layout.axis.values.length > 1
  const x = { field: 'x', ...axisEncoding(layout) }
  const isValid = { transform: [{ filter: 'isValid(datum.mean)' }] }
  return {
    title,
    width: 215,
    height: 150,
    layer: [
      areAlike(digital)
        ? {
            data: { values: digital.slice(0, 1).map(({ mean }) => ({ mean })) },
            mark: { type: 'rule', color: ink, strokeDash: [5, 3], strokeWidth: 1.5 },
            encoding: { y: { field: 'mean', ...y } },
          }
        : {
            data: { values: digital.map(({ x: at, method, mean }) => ({ x: at, method, mean })) },
            mark: { type: 'tick', orient: 'horizontal', color: ink, size: 26, thickness: 1.5 },
            encoding: { x, y: { field: 'mean', ...y } },
          },
      ...(analog.length === 0
        ? []
        : [
            {
              data: { values: analog.map(p => ({ ...p })) },
              encoding: {
                x,
                ...(joined ? {} : { xOffset: { field: 'method', type: 'nominal', scale: { domain: methods, paddingOuter: 0.6 } } }), // prettier-ignore
                color: methodColour(methods),
              },
              layer: [
                ...(analog.some(p => p.low !== null)
                  ? joined
                    ? [
                        {
                          transform: [{ filter: 'isValid(datum.low)' }],
                          mark: { type: 'area', opacity: 0.13, clip: true },
                          encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
                        },
                        bars(0.55),
                      ]
                    : [bars(0.4)]
                  : []),
                ...(joined ? [{ ...isValid, mark: { type: 'line', strokeWidth: 2 }, encoding: { y: { field: 'mean', ...y } } }] : []), // prettier-ignore
                {
                  ...isValid,
                  mark: { type: 'point' },
                  encoding: { y: { field: 'mean', ...y }, shape: methodShape(methods) },
                },
              ],
            },
          ]),
    ],
  }
}

/** A panel's title is that of its measure where there are several, then of its setting of the other axes. */
const facetInWords = ({ title, points }: Facet): string => {
  const methods = each(points.map(p => p.method))
  const said = methods.map(method => {
    const own = points.filter(p => p.method === method)
    const means = each(own.map(p => around(p, 3)))
    return `${method} ${means.length === 1 ? (means[0] ?? '') : own.map(p => `${p.x}: ${around(p, 3)}`).join(', ')}`
  })
  return `${title === '' ? '' : `${title}: `}${said.join('; ')}`
}

/** @param most panels of a measure that are drawn, if there are more */
const captionOf = (layout: Layout, facets: readonly Facet[], most: number | null): string => {
  const spacing = spacingOf(layout.axis)
  const banded = facets.some(f => f.points.some(p => p.low !== null))
  const joined = isOrdered(layout.axis) && layout.axis.values.length > 1
  return [
    facets.some(f => areAlike(digitalOf(f))) ? 'Dashed: digital.' : 'Ticks: digital.',
    ...(facets.some(f => f.points.length > digitalOf(f).length)
      ? [
          banded
            ? `${joined ? 'Bands and bars' : 'Bars'}: 95 % confidence of the mean over chips; one other chip may lie outside; cut where they leave the panel.`
            : 'One chip: no intervals over chips.',
        ]
      : []),
    ...(joined && spacing === 'log' ? ['The axis is logarithmic.'] : []),
    ...(joined && spacing === 'even' ? ['Values stand evenly, not in proportion.'] : []),
    ...(most === null
      ? []
      : [`Not all panels are drawn: the first ${most} settings of the other keys; the numbers have all.`]),
  ].join(' ')
}

/** Scores by some measures over an axis: panels share an axis of scores within a measure. */
const figureOf = (
  sweep: SweepResults,
  measures: readonly Measure[],
  called: Pick<Figure, 'name' | 'title'>,
): Figure => {
  const methods = each(sweep.settings.flatMap(({ results }) => analogMethods(results)))
  const layout = layoutOf(sweep)
  const named = measures.length > 1
  const most = named ? fewPanels : mostPanels
  const all = measures.map(measure => facetsOf(sweep, layout, measure, named))
  const facets = all.map(own => own.slice(0, most))
  const alt = `${called.title}. ${facets.flat().map(facetInWords).join('. ')}.`
  const drawn = facets.flatMap(own => {
    const domain = boundsOf(own.flatMap(f => f.points))
    const y = { type: 'quantitative', title: null, scale: { domain, nice: false, zero: false } }
    return own.map(f => panel(f, layout, methods, y))
  })
  const columns = Math.min(3, Math.max(1, ...facets.map(own => own.length)))
  return {
    ...called,
    caption: captionOf(layout, all.flat(), Math.max(0, ...all.map(own => own.length)) > most ? most : null),
    alt,
    spec: specification(alt, panels(columns, drawn)),
    tables: [],
  }
}

/** Scores on the whole over an axis. */
export const sweepFigure = (sweep: SweepResults): Figure => {
  const { settings } = sweep
  const measure = overall(settings)
  const title = `${measure.title} over ${layoutOf(sweep).title}${whenSaid(sweep)}`
  const figure = figureOf(sweep, [measure], { name: 'sweep', title: `Scores: ${title}` })
  return settings.every(({ results }) => lastTime(results) === null)
    ? { ...figure, tables: settingGrids(sweep) }
    : figure
}

/** The same of each task and metric; null with one task. */
export const tasksFigure = (sweep: SweepResults): Figure | null => {
  const measures = taskByTask(sweep.settings)
  const title = `Task by task over ${layoutOf(sweep).title}${whenSaid(sweep)}`
  return measures.length === 0 ? null : figureOf(sweep, measures, { name: 'sweep-tasks', title })
}
