/**
 * The map of a sweep: settings against methods, how good each is and how much of the loss it wins back, at each setting's
 * last time. Not here: over an axis (`sweep.ts`), the numbers with their intervals (its tables).
 */
import { each } from '../experiment/results.js'
import { rowLabel, shortNames } from './axes.js'
import { percent } from './cells.js'
import { panels, specification, type Figure, type Spec } from './figure.js'
import { analogMethods, levelsOf } from './level.js'
import { lastTime, overallMeasure, settingGrids, whenSaid, type SweepResults } from './sweep-results.js'

interface HeatCell {
  readonly setting: string
  readonly method: string
  readonly mean: number | null
  /** Null for the reference, where nothing is lost, and without digital. */
  readonly recovered: number | null
}

/** More rows are not looked at: the tables have them. */
const mostRows = 48

const cellsOf = ({ columns, settings }: SweepResults): readonly HeatCell[] => {
  const label = rowLabel(shortNames(columns))
  return settings.flatMap(({ cells, results }) => {
    const { levels, reference } = levelsOf(results)
    return levels
      .filter(l => l.time_seconds !== null && l.time_seconds === lastTime(results))
      .map(({ method, mean, recovered }) => ({
        ...{ setting: label(columns, cells), method, mean },
        recovered: method === reference ? null : recovered,
      }))
  })
}

interface Heat {
  readonly title: string
  readonly field: 'mean' | 'recovered'
  readonly domain: readonly [number, number]
  readonly written: (cell: HeatCell) => string
  readonly methods: readonly string[]
}

const panel = (
  { title, field, domain, written, methods }: Heat,
  all: readonly HeatCell[],
  rows: readonly string[],
  first: boolean,
): Spec => {
  const own = all.filter(c => c[field] !== null && methods.includes(c.method))
  const [low, high] = domain
  return {
    title,
    data: { values: own.map(c => ({ setting: c.setting, method: c.method, value: c[field], text: written(c) })) },
    width: { step: 76 },
    height: { step: 21 },
    encoding: {
      x: { field: 'method', type: 'nominal', title: null, scale: { domain: methods }, axis: { labelAngle: methods.some(m => m.length > 10) ? -35 : 0, orient: 'bottom' } }, // prettier-ignore
      y: { field: 'setting', type: 'nominal', title: null, scale: { domain: rows }, axis: { labelLimit: 480, ...(first ? {} : { labels: false, ticks: false }) } }, // prettier-ignore
    },
    layer: [
      {
        mark: { type: 'rect' },
        encoding: {
          color: { field: 'value', type: 'quantitative', scale: { scheme: 'blues', domain: [...domain], clamp: true }, legend: null }, // prettier-ignore
        },
      },
      {
        mark: { type: 'text', fontSize: 12 },
        encoding: {
          text: { field: 'text', type: 'nominal' },
          color: { condition: { test: `datum.value > ${low + 0.6 * (high - low)}`, value: 'white' }, value: 'black' },
        },
      },
    ],
  }
}

const inWords = (cells: readonly HeatCell[], rows: readonly string[]): string =>
  rows
    .map(row => {
      const own = cells.filter(c => c.setting === row)
      const said = own.map(
        c =>
          `${c.method} ${c.mean?.toFixed(3) ?? 'undefined'}${c.recovered === null ? '' : ` (wins back ${percent(c.recovered)})`}`,
      )
      return `${row}: ${said.join(', ')}`
    })
    .join('; ')

/** Null without a score of a chip. */
export const heatFigure = (sweep: SweepResults): Figure | null => {
  const { settings } = sweep
  const cells = cellsOf(sweep)
  const labels = each(cells.map(c => c.setting))
  const rows = labels.slice(0, mostRows)
  const shown = cells.filter(c => rows.includes(c.setting))
  const means = shown.flatMap(c => c.mean ?? [])
  if (means.length === 0) return null
  const methods = each(settings.flatMap(({ results }) => analogMethods(results)))
  const back = methods.filter(m => shown.some(c => c.method === m && c.recovered !== null))
  const references = each(settings.flatMap(({ results }) => levelsOf(results).reference ?? []))
  const score: Heat = {
    ...{ title: overallMeasure(settings), field: 'mean', methods },
    domain: [Math.min(...means), Math.max(...means, Math.min(...means) + 0.01)],
    written: c => c.mean?.toFixed(3) ?? '',
  }
  const share: Heat = {
    ...{ title: 'won back', field: 'recovered', methods: back, domain: [0, 1] },
    written: c => percent(c.recovered),
  }
  const alt = `Settings against methods, ${overallMeasure(settings)}${whenSaid(sweep)}: ${inWords(shown, rows)}.`
  const won = `Won back: share of the loss from digital to ${references.join(' or ')} in the same setting; none where that loses nothing.`
  const cut = `The first ${mostRows} of ${labels.length} settings; the numbers have all.`
  return {
    name: 'settings',
    title: `Settings and methods${whenSaid(sweep)}`,
    caption: ['Darker is better.', ...(back.length === 0 ? [] : [won]), ...(labels.length > mostRows ? [cut] : [])].join(' '), // prettier-ignore
    alt,
    spec: specification(alt, {
      ...panels(
        2,
        [score, ...(back.length === 0 ? [] : [share])].map((heat, i) => panel(heat, shown, rows, i === 0)),
      ),
      resolve: { scale: { color: 'independent' } },
    }),
    tables: settingGrids(sweep),
  }
}
