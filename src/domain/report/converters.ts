/**
 * The figure of what is cut off, layer by layer: weights by the columns' ranges, inputs by the DAC, outputs by the ADC; and
 * in its table what tiles and converters are used for. Shares are weighted by how many weights, inputs, outputs there are.
 */
import { each } from '../experiment/results.js'
import { percent, whole, type Shown } from './cells.js'
import { gridOf, methodColour, methodShape, panels, specification, type Figure, type Spec } from './figure.js'
import { shortLayer } from './budget.js'

const cuts = ['clipped_weights', 'clipped_inputs', 'saturated_outputs'] as const
type Cut = (typeof cuts)[number]

/** Null: there is nothing that could cut, or nothing was counted. */
export type Cuts = Readonly<Record<Cut, number | null>>

export interface LayerCuts extends Cuts {
  readonly method: string
  readonly layer: string
}

export interface MethodCuts extends Cuts {
  readonly method: string
  readonly tiles: number
  /** Mean over tiles. */
  readonly utilisation: number | null
}

const titles: Readonly<Record<Cut, string>> = {
  clipped_weights: 'Weights beyond full scale',
  clipped_inputs: 'Inputs beyond the DAC',
  saturated_outputs: 'Outputs beyond the ADC',
}

const share = {
  type: 'quantitative',
  title: null,
  scale: { type: 'symlog', constant: 0.0001, domain: [0, 1], nice: false },
  axis: {
    values: [0, 0.001, 0.01, 0.1, 1],
    labelExpr: `({"0":"0","0.001":"0.1 %","0.01":"1 %","0.1":"10 %","1":"100 %"})[datum.value]`,
  },
}

const panel = (
  cut: Cut,
  cutsByLayer: readonly LayerCuts[],
  methods: readonly string[],
  layers: readonly string[],
): Spec => ({
  title: titles[cut],
  width: 175,
  height: { step: 15 },
  data: {
    values: cutsByLayer.flatMap(c => (c[cut] === null ? [] : [{ method: c.method, layer: shortLayer(c.layer), share: c[cut] }])), // prettier-ignore
  },
  mark: { type: 'point', size: 50, opacity: 0.85 },
  encoding: {
    x: { field: 'share', ...share },
    y: {
      ...{ field: 'layer', type: 'nominal', title: null, scale: { domain: layers } },
      axis: { grid: true, ...(cut === cuts[0] ? {} : { labels: false, ticks: false }) },
    },
    color: methodColour(methods),
    shape: methodShape(methods),
  },
})

const small = (value: number | null): string => percent(value, 3)

const columns: readonly Shown<MethodCuts>[] = [
  { head: 'method', cell: c => c.method },
  { head: 'tiles', cell: c => whole(c.tiles) },
  { head: 'cross-points in use', cell: c => percent(c.utilisation) },
  { head: 'weights beyond full scale', cell: c => small(c.clipped_weights) },
  { head: 'inputs beyond the DAC', cell: c => small(c.clipped_inputs) },
  { head: 'outputs beyond the ADC', cell: c => small(c.saturated_outputs) },
]

/** Null without tiles. */
export const convertersFigure = (byMethod: readonly MethodCuts[], byLayer: readonly LayerCuts[]): Figure | null => {
  const methods = byMethod.map(m => m.method)
  const layers = each(byLayer.map(l => l.layer))
  if (methods.length === 0) return null
  const said = byMethod.map(
    m => `${m.method} ${small(m.clipped_weights)}, ${small(m.clipped_inputs)}, ${small(m.saturated_outputs)}`,
  )
  const alt = `Shares cut off by layer: weights beyond their column's full scale, inputs beyond the DAC's range, column sums beyond the ADC's. Over all layers: ${said.join('; ')}.`
  return {
    name: 'converters',
    title: 'What ranges and converters cut off',
    caption:
      'Shares of a layer’s weights, and of the inputs and column sums that were counted on all chips, reads and times; over all tasks. Logarithmic from 0.1 % up. A “-” stands where a converter is ideal.',
    alt,
    spec: specification(
      alt,
      panels(
        3,
        cuts.map(cut => panel(cut, byLayer, methods, layers.map(shortLayer))),
      ),
    ),
    tables: [
      gridOf('Tiles and converters of each method, over all tasks', columns, byMethod),
      ...methods.map(method =>
        gridOf<LayerCuts>(
          `${method}: what is cut off, layer by layer`,
          [
            { head: 'layer', cell: c => c.layer },
            { head: 'weights beyond full scale', cell: c => small(c.clipped_weights) },
            { head: 'inputs beyond the DAC', cell: c => small(c.clipped_inputs) },
            { head: 'outputs beyond the ADC', cell: c => small(c.saturated_outputs) },
          ],
          byLayer.filter(c => c.method === method),
        ),
      ),
    ],
  }
}
