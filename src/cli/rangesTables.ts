/** Ranges as tables for people: layer by layer, a block for each method on a task. */
import { groupsBy } from '../domain/tables/groups.js'
import type { CalibratedLayer } from '../pipelines/experiment/calibrate.js'
import type { Column, Row } from '../domain/tables/table.js'
import { absent } from '../domain/report/cells.js'
import { settingText } from '../domain/report/settings.js'
import { tableOf } from './columns.js'

/** Three digits: "0.0123", "12.3", "4.5e-7". */
const brief = (value: number | null): string => {
  if (value === null) return absent
  const text = value.toPrecision(3)
  return value === 0
    ? '0'
    : Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5
      ? value.toExponential(2)
      : String(Number(text))
}

const percent = (share: number | null): string =>
  share === null ? absent : share === 0 ? '0' : share < 5e-6 ? '< 0.001 %' : `${(100 * share).toFixed(3)} %`

const span = ({ input_range_least: least, input_range_greatest: greatest }: CalibratedLayer): string => {
  if (least === null) return 'dynamic'
  return least === greatest ? brief(least) : `${brief(least)} to ${brief(greatest)}`
}

const total = (layers: readonly CalibratedLayer[], of: 'expected_error' | 'expected_error_start'): number | null =>
  layers.reduce<number | null>((sum, l) => (sum === null || l[of] === null ? null : sum + l[of]), 0)

const block = (layers: readonly [CalibratedLayer, ...CalibratedLayer[]], columns: readonly Column[]): string => {
  const [first] = layers
  const { task, method } = first
  const setting = columns.length === 0 ? '' : `, ${settingText(columns, first)}`
  const [before, after] = [total(layers, 'expected_error_start'), total(layers, 'expected_error')]
  const sum =
    before === null || after === null ? '' : `; expected error ${brief(before)} at the start, ${brief(after)} now`
  return [
    `${task}: ${method}${setting}${sum}`,
    tableOf<CalibratedLayer>(
      [
        { head: 'layer', cell: l => l.layer },
        { head: 'tiles', cell: l => String(l.tiles) },
        { head: 'input range', cell: span },
        { head: 'inputs cut', cell: l => percent(l.clipped_inputs), where: l => l.clipped_inputs !== null },
        { head: 'weights cut', cell: l => percent(l.clipped_weights) },
        { head: 'scale', cell: l => brief(l.relative_full_scale) },
        { head: 'at start', cell: l => brief(l.expected_error_start), where: l => l.expected_error_start !== null },
        { head: 'error', cell: l => brief(l.expected_error), where: l => l.expected_error !== null },
      ],
      layers,
    ),
  ].join('\n')
}

const legend = [
  'input range: least to greatest of the tiles; inputs cut: of those of calibration; scale: full scale over the',
  "column's largest weight, mean; at start, error: expected squared error per calibration example (docs/objective.md)",
]

/**
 * @param layers of all methods on all tasks in all settings
 * @param columns what tells settings apart
 */
export const rangesTables = (layers: readonly CalibratedLayer[], columns: readonly Column[] = []): string => {
  const rows: readonly (CalibratedLayer & Row)[] = layers
  const groups = groupsBy(rows, [...columns.map(c => c.name), 'task', 'method'])
  return [...groups.map(group => block(group, columns)), legend.join('\n')].join('\n\n')
}
