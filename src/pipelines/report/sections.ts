/**
 * The sections of a report: figures of the scores, errors, ranges and devices of an experiment; of a sweep, those over all
 * settings, and then the same of one of them. Not here: provenance, files.
 */
import { characterisationOf } from '../../domain/devices/characterised.js'
import { hardwareOf, type Config } from '../../domain/experiment/config.js'
import { each, timesOf, type Results } from '../../domain/experiment/results.js'
import type { SettingResults } from '../../domain/experiment/setting-results.js'
import { accuracyFigure } from '../../domain/report/accuracy.js'
import { rowLabel, shortNames } from '../../domain/report/axes.js'
import { layersFigure, sourcesFigure } from '../../domain/report/budget.js'
import { columnsFigure } from '../../domain/report/columns.js'
import { conductancesFigure, type Devices } from '../../domain/report/conductances.js'
import { convertersFigure } from '../../domain/report/converters.js'
import type { Figure } from '../../domain/report/figure.js'
import { heatFigure } from '../../domain/report/heat.js'
import { differencesFigure, ladderFigure } from '../../domain/report/ladder.js'
import { bestAt, levelsOf } from '../../domain/report/level.js'
import { shellWord, type Section } from '../../domain/report/page.js'
import { settingCell } from '../../domain/report/settings.js'
import { sweepFigure, tasksFigure } from '../../domain/report/sweep.js'
import type { SweepResults } from '../../domain/report/sweep-results.js'
import { inSetting } from '../../domain/report/varied.js'
import type { Column, Row } from '../../domain/tables/table.js'
import type { Columns, Cuts, Errors } from './gather.js'

/** Of an experiment, or of one setting of a sweep. */
export interface Gathered {
  readonly results: Results
  /** Null where there is no chip. */
  readonly chips: { readonly errors: Errors; readonly cuts: Cuts; readonly columns: Columns } | null
}

/** The config of what was gathered, or why it is not known. */
export interface Known {
  readonly config: Config | null
  readonly reason: string
}

/** The kinds of devices that the methods' chips are made of. */
const devicesOf = (config: Config): readonly Devices[] => {
  const kinds = new Map<string, Devices>()
  for (const method of config.methods) {
    if (method.execution === 'digital') continue
    const { device, noiseScales } = hardwareOf(config, method)
    const key = JSON.stringify([device, noiseScales])
    const methods = [...(kinds.get(key)?.methods ?? []), method.name]
    kinds.set(key, { device, noiseScales, methods })
  }
  return [...kinds.values()]
}

/** t_0 of the first device; where no config says, that of PCM. */
const referenceTimeOf = (devices: readonly Devices[]): number =>
  characterisationOf(devices[0]?.device ?? { kind: 'preset', preset: 'pcm', gMaxMicroSiemens: 25 }).referenceTime.value

const present = (figures: readonly (Figure | null)[]): readonly Figure[] => figures.filter(f => f !== null)

const section = (
  name: string,
  title: string,
  figures: readonly Figure[],
  note: string | null = null,
): readonly Section[] =>
  // prettier-ignore
  figures.length === 0 && note === null ? [] : [{ name, title, figures, note }]

/** Of one experiment. */
export const sectionsOf = ({ results, chips }: Gathered, { config, reason }: Known): readonly Section[] => {
  const devices = config === null ? [] : devicesOf(config)
  const scoredTimes = timesOf(results)
  const accuracy =
    scoredTimes.length === 0 ? [] : [ladderFigure(results), accuracyFigure(results, referenceTimeOf(devices)), differencesFigure(results)] // prettier-ignore
  const first = section('accuracy-over-time', 'How accurate, and what wins it back', present(accuracy))
  if (chips === null) return first
  const { errors, cuts, columns } = chips
  const times = each(errors.sources.map(e => e.time_seconds))
  const last = Math.max(...times)
  const shown = each([errors.sources[0]?.method, bestAt(levelsOf(results), last)?.method].filter(m => m !== undefined))
  const lacking = `Without the config the devices are not known (${reason}): "ohmflow report DIR --config FILE" adds them.`
  return [
    ...first,
    ...section('errors', 'Where the rest comes from', present([sourcesFigure(errors.sources), layersFigure(errors.layers, shown, last)])), // prettier-ignore
    ...section('ranges', 'Ranges and converters', present([columnsFigure(columns.ranges, columns.factors), convertersFigure(cuts.methods, cuts.layers)])), // prettier-ignore
    ...section('devices', 'The devices', devices.map((d, i) => conductancesFigure(d, times, i)), config === null ? lacking : null), // prettier-ignore
  ]
}

/** Of one setting of a sweep: the same, each figure with the setting in it. */
const inFull = (setting: string, gathered: Gathered, known: Known): readonly Section[] =>
  sectionsOf(gathered, known).map(s => ({
    ...s,
    figures: s.figures.map(f => inSetting(setting, f)),
    note: [`Of one setting: ${setting}.`, ...(s.note === null ? [] : [s.note])].join(' '),
  }))

/** Options of a command that shows a setting. */
const whereWords = (columns: readonly Column[], cells: Row): string =>
  columns.map(({ name }) => `--where ${shellWord(`${name}=${settingCell(cells[name])}`)}`).join(' ')

/** @param shown the setting that the rest is of */
export const sweepSections = (
  sweep: SweepResults,
  shown: SettingResults,
  gathered: Gathered,
  known: Known,
): readonly Section[] => {
  const { columns, settings } = sweep
  const label = (cells: Row): string => rowLabel(shortNames(columns))(columns, cells)
  const place = settings.indexOf(shown)
  const other = settings.find(s => s !== shown)
  const another = other === undefined ? '' : ` Another: "ohmflow report DIR ${whereWords(columns, other.cells)}".`
  const note = `What follows is of setting ${place + 1} of ${settings.length}: ${label(shown.cells)}.${another}`
  return [
    ...section('all-settings', 'All settings', present([sweepFigure(sweep), heatFigure(sweep), tasksFigure(sweep)])),
    ...section('one-setting', 'One setting in full', [], note),
    ...inFull(label(shown.cells), gathered, known),
  ]
}
