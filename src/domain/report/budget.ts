/**
 * The figures of the error budget: how far layers' outputs are off by each source, on the mean over layers and tasks at
 * each time, and layer by layer. Not here: what an error does to a score.
 */
import { each } from '../experiment/results.js'
import { errorSources, type ErrorSource } from '../tables/errors.js'
import { time } from './cells.js'
import { gridOf, methodColour, methodShape, panels, specification, type Figure, type Spec } from './figure.js'

/** Means over the layers of all tasks; null: no formula for it. */
export interface SourceError {
  readonly method: string
  readonly time_seconds: number
  readonly source: ErrorSource
  readonly error: number
  readonly predicted: number | null
}

/** Means over tasks, at the last time. */
export interface LayerError {
  readonly method: string
  readonly layer: string
  readonly source: ErrorSource
  readonly error: number
}

/** Everything first, then what it is made of, from the largest by the first method on; the ranges alone last. */
const sourceOrder = (errors: readonly SourceError[]): readonly ErrorSource[] => {
  const [first] = errors
  const of = (source: ErrorSource): number =>
    source === 'all'
      ? Infinity
      : source === 'ranges'
        ? -1
        : (errors.find(e => e.source === source && e.method === first?.method)?.error ?? 0)
  return errorSources.filter(s => errors.some(e => e.source === s)).sort((a, b) => of(b) - of(a))
}

/** For people: abbreviations in capitals. */
export const sourceName = (source: ErrorSource): string =>
  source === 'adc' || source === 'dac' ? source.toUpperCase() : source === 'ir drop' ? 'IR drop' : source

const digits = (value: number | null): string => (value === null ? 'no formula' : value.toFixed(3))

const sourcesPanel = (
  own: readonly SourceError[],
  methods: readonly string[],
  order: readonly ErrorSource[],
  x: Spec,
): Spec => ({
  title: `After ${time(own[0]?.time_seconds ?? null)}`,
  width: 240,
  height: { step: 10, for: 'offset' },
  data: { values: own.map(e => ({ ...e, source: sourceName(e.source) })) },
  encoding: {
    y: { field: 'source', type: 'nominal', title: null, scale: { domain: order.map(sourceName) } },
    yOffset: { field: 'method', type: 'nominal', scale: { domain: methods, paddingOuter: 0.6 } },
  },
  layer: [
    {
      mark: { type: 'bar', opacity: 0.3, height: 5 },
      encoding: { x: { field: 'error', ...x }, color: methodColour(methods) },
    },
    {
      mark: { type: 'point', size: 45 },
      encoding: { x: { field: 'error', ...x }, color: methodColour(methods), shape: methodShape(methods) },
    },
    {
      transform: [{ filter: 'isValid(datum.predicted)' }],
      mark: { type: 'tick', color: 'black', thickness: 2, size: 8 },
      encoding: { x: { field: 'predicted', ...x } },
    },
  ],
})

const largest = (errors: readonly SourceError[], method: string): string => {
  const own = errors.filter(e => e.method === method)
  const said = sourceOrder(own).map(s => `${sourceName(s)} ${digits(own.find(e => e.source === s)?.error ?? null)}`)
  return `${method}: ${said.join(', ')}`
}

/** Null without errors. */
export const sourcesFigure = (errors: readonly SourceError[]): Figure | null => {
  const methods = each(errors.map(e => e.method))
  const times = each(errors.map(e => e.time_seconds))
  const last = Math.max(...times)
  if (methods.length === 0) return null
  const most = Math.max(...errors.flatMap(e => [e.error, e.predicted ?? 0]))
  const x = {
    type: 'quantitative',
    title: "relative L2 error of a layer's output",
    scale: { domain: [0, most], nice: true },
  }
  const atLast = errors.filter(e => e.time_seconds === last)
  const alt = `Relative L2 error of a layer's output by source, mean over layers and tasks, after ${time(last)}. ${methods.map(m => largest(atLast, m)).join('; ')}.`
  const order = sourceOrder(atLast)
  const at = (seconds: number) => errors.filter(e => e.time_seconds === seconds)
  return {
    name: 'sources',
    title: 'Where the errors come from',
    caption:
      'Each source alone beside the method’s ranges (“ranges”: weights clipped and gains, nothing else wrong), and all at once; mean over layers and tasks. Black ticks: predicted from the devices’ moments, without simulating. With optimal ranges most of a row may be the ranges themselves, and is meant: they minimise what the logits feel, and this counts all outputs alike.',
    alt,
    spec: specification(
      alt,
      panels(
        3,
        times.slice(-3).map(t => sourcesPanel(at(t), methods, order, x)),
      ),
    ),
    tables: times.map(t => {
      const own = at(t)
      const find = (source: ErrorSource, method: string) => own.find(e => e.source === source && e.method === method)
      return gridOf(
        `Relative L2 error of a layer's output after ${time(t)}, mean over layers and tasks: measured (predicted)`,
        [
          { head: 'source', cell: sourceName },
          ...methods.map(method => ({
            head: method,
            cell: (source: ErrorSource): string => {
              const e = find(source, method)
              return e === undefined ? '-' : `${digits(e.error)} (${digits(e.predicted)})`
            },
          })),
        ],
        order,
      )
    }),
  }
}

/** "encoder.layer.0.attention.self.query" is "0 query". */
export const shortLayer = (layer: string): string => {
  const [, index, rest = ''] = /^encoder\.layer\.(\d+)\.(.*)$/.exec(layer) ?? []
  if (index === undefined) return layer
  return `${index} ${rest.replace(/^attention\.self\./, '').replace(/\.dense$/, '')}`
}

const layersPanel = (title: string, all: readonly LayerError[], layers: readonly string[], written: boolean): Spec => {
  const most = Math.max(...all.map(e => e.error))
  const own = all.filter(e => e.method === title)
  const values = own.map(e => ({
    ...e,
    layer: shortLayer(e.layer),
    source: sourceName(e.source),
    text: e.error.toFixed(2).replace(/^0/, ''),
  }))
  return {
    title,
    data: { values },
    width: { step: 42 },
    height: { step: written ? 20 : 13 },
    encoding: {
      x: { field: 'source', type: 'nominal', title: null, scale: { domain: errorSources.filter(s => own.some(e => e.source === s)).map(sourceName) }, axis: { labelAngle: -40 } }, // prettier-ignore
      y: { field: 'layer', type: 'nominal', title: null, scale: { domain: layers } },
    },
    layer: [
      {
        mark: { type: 'rect' },
        encoding: {
          color: {
            field: 'error',
            type: 'quantitative',
            scale: { scheme: 'blues', zero: true },
            legend: { title: 'relative L2 error', orient: 'right', gradientLength: 140 },
          },
        },
      },
      ...(written
        ? [
            {
              mark: { type: 'text', fontSize: 11 },
              encoding: {
                text: { field: 'text', type: 'nominal' },
                color: { condition: { test: `datum.error > ${0.55 * most}`, value: 'white' }, value: 'black' },
              },
            },
          ]
        : []),
    ],
  }
}

/** Layers up to which every cell bears its number. */
const writtenLayers = 40

/** Of two methods at most, the first and the best at the last time. Null without errors. */
export const layersFigure = (
  errors: readonly LayerError[],
  methods: readonly string[],
  last: number,
): Figure | null => {
  const own = errors.filter(e => methods.includes(e.method))
  if (own.length === 0) return null
  const layers = each(own.map(e => e.layer))
  const worst = methods.map(method => {
    const all = own.filter(e => e.method === method && e.source === 'all')
    const most = all.reduce<LayerError | undefined>((m, e) => (e.error > (m?.error ?? -1) ? e : m), undefined)
    return most === undefined ? '' : `${method}: largest in ${shortLayer(most.layer)}, ${digits(most.error)}`
  })
  const alt = `Relative L2 error of every layer's output by source after ${time(last)}, mean over tasks. ${worst.join('; ')}.`
  const written = layers.length <= writtenLayers
  return {
    name: 'layers',
    title: `Layer by layer, after ${time(last)}`,
    caption: `Layers by number and name, from the input up; mean over tasks.${written ? '' : ' Darker is worse.'}`,
    alt,
    spec: specification(
      alt,
      panels(
        2,
        methods.map(m => layersPanel(m, own, layers.map(shortLayer), written)),
      ),
    ),
    tables: methods.map(method =>
      gridOf(
        `${method}: relative L2 error of a layer's output after ${time(last)}, mean over tasks`,
        [
          { head: 'layer', cell: l => l },
          ...errorSources.map(source => ({
            head: sourceName(source),
            cell: (layer: string): string =>
              digits(own.find(e => e.method === method && e.layer === layer && e.source === source)?.error ?? null),
            where: (): boolean => own.some(e => e.source === source),
          })),
        ],
        layers,
      ),
    ),
  }
}
