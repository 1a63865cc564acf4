/**
 * A figure as a value: a Vega-Lite specification with its data in it, what it shows in words, and the same numbers as a
 * table. Colours are Okabe and Ito's (2008), told apart with any colour vision; shapes say the same, on paper too.
 * Not here: drawing (io/report).
 */
import type { Json } from '../experiment/config.js'
import { time, shownOf, type Shown } from './cells.js'

/** A Vega-Lite specification, version 6. */
export type Spec = Readonly<Record<string, Json>>

/** A table of texts; the first column names its row. */
export interface Grid {
  readonly caption: string
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

export interface Figure {
  /** Of its files, and its place on the page. */
  readonly name: string
  readonly title: string
  /** How it is to be read. */
  readonly caption: string
  /** What it shows, for those who do not see it. */
  readonly alt: string
  readonly spec: Spec
  readonly tables: readonly Grid[]
}

export const gridOf = <R>(caption: string, columns: readonly Shown<R>[], rows: readonly R[]): Grid => {
  const shown = shownOf(columns, rows)
  return { caption, head: shown.map(c => c.head), rows: rows.map(row => shown.map(c => c.cell(row))) }
}

const colours = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#56B4E9', '#E69F00'] as const
const shapes = ['circle', 'square', 'triangle-up', 'diamond', 'cross', 'triangle-down', 'triangle-right'] as const

/** What digital execution is drawn in. */
export const ink = '#333333'

const turn = (values: readonly string[], n: number): readonly string[] =>
  Array.from({ length: n }, (_, i) => values[i % values.length] ?? ink)

/** Colour and shape of every method, the same in all figures; one legend. */
export const methodColour = (methods: readonly string[]): Json => ({
  field: 'method',
  type: 'nominal',
  scale: { domain: methods, range: turn(colours, methods.length) },
  legend: { title: null, orient: 'top', columns: 5, symbolOpacity: 1 },
})

export const methodShape = (methods: readonly string[]): Json => ({
  field: 'method',
  type: 'nominal',
  scale: { domain: methods, range: turn(shapes, methods.length) },
  legend: { title: null, orient: 'top', columns: 5, symbolOpacity: 1 },
})

/** A specification of these parts, with the look that all figures share. */
export const specification = (description: string, parts: Spec): Spec => ({
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  description,
  background: 'white',
  padding: 6,
  ...parts,
  config: {
    font: 'Helvetica, Arial, sans-serif',
    axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e4e4e4', labelLimit: 240 },
    legend: { labelFontSize: 13, titleFontSize: 12, titleFontWeight: 'normal', labelLimit: 300 },
    title: { fontSize: 13, anchor: 'start', fontWeight: 'bold' },
    view: { stroke: '#bbbbbb' },
    concat: { spacing: 22 },
    point: { filled: true, size: 70, opacity: 1 },
  },
})

/** Every so many panels a new row. */
export const panels = (columns: number, each: readonly Spec[]): Spec => ({ columns, concat: each })

const marks = [0, 60, 3600, 86_400, 2_592_000, 31_536_000, 315_360_000] as const

/**
 * Time since programming, on the scale that drift goes by: ln((t + t_0) / t_0), on which 0 s has its place.
 * @param times [s] that are shown
 */
export const timeAxis = (times: readonly number[], referenceTime: number): Spec => {
  const last = Math.max(...times)
  const values = times.length <= 6 ? times : marks.filter(t => t <= last)
  const labels = Object.fromEntries(values.map(t => [String(t), time(t)]))
  return {
    type: 'quantitative',
    title: 'time since programming',
    scale: { type: 'symlog', constant: referenceTime, nice: false, padding: 8 },
    axis: { values, labelExpr: `(${JSON.stringify(labels)})[datum.value]`, labelFlush: true },
  }
}

interface Ends {
  readonly mean: number | null
  readonly low: number | null
  readonly high: number | null
}

/**
 * Bounds of an axis that shows all means, and of their intervals what lies within as much again on each side: an interval
 * over two chips may be many times as wide as all there is to see.
 */
export const boundsOf = (values: readonly Ends[]): readonly [number, number] => {
  const means = values.flatMap(v => v.mean ?? [])
  if (means.length === 0) return [0, 1]
  const [least, most] = [Math.min(...means), Math.max(...means)]
  const beyond = Math.max(most - least, 0.01)
  const low = Math.max(least - beyond, Math.min(least, ...values.flatMap(v => v.low ?? [])))
  const high = Math.min(most + beyond, Math.max(most, ...values.flatMap(v => v.high ?? [])))
  const margin = 0.05 * Math.max(high - low, 0.01)
  return [low - margin, high + margin]
}
