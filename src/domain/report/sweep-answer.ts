/** What a reader of a sweep is told first: the same three answers, over all settings; the last of the one shown in full. */
import { timesOf } from '../experiment/results.js'
import type { SettingResults } from '../experiment/setting-results.js'
import { remains, type Answer } from './answer.js'
import { rowLabel, shortNames } from './axes.js'
import type { SourceError } from './budget.js'
import { around, percent } from './cells.js'
import { analogMethods, bestAt, levelsOf, type Level } from './level.js'
import { lastTime, overallMeasure, whenSaid, type SweepResults } from './sweep-results.js'

/** A setting's best. */
interface Found {
  readonly label: string
  readonly level: Level
}

const byValue = (found: readonly Found[], of: (level: Level) => number | null): readonly Found[] =>
  found.filter(f => of(f.level) !== null).sort((a, b) => (of(b.level) ?? 0) - (of(a.level) ?? 0))

const range = (low: string, high: string): string => (low === high ? low : `${low} to ${high}`)

const labelled =
  ({ columns }: SweepResults) =>
  ({ cells }: SettingResults): string =>
    rowLabel(shortNames(columns))(columns, cells)

const accurate = (sweep: SweepResults): Answer => {
  const { settings } = sweep
  const label = labelled(sweep)
  const best = settings.flatMap(s => {
    const [levels, last] = [levelsOf(s.results), lastTime(s.results)]
    const level = last === null ? levels.levels[0] : bestAt(levels, last)
    return level === undefined ? [] : [{ label: label(s), level }]
  })
  const sorted = byValue(best, l => l.mean)
  const [first, last] = [sorted[0], sorted.at(-1)]
  const question = `How accurate${whenSaid(sweep)}?`
  if (first === undefined || last === undefined) return { question, short: 'undefined', long: 'No score is defined.' }
  const at = ({ label: where, level }: Found): string => `${level.method} ${around(level, 3)} with ${where}`
  return {
    question,
    short: range(last.level.mean?.toFixed(3) ?? '', first.level.mean?.toFixed(3) ?? ''),
    long: `${overallMeasure(settings)}, each setting by its best method. Most: ${at(first)}${first === last ? '' : `; least: ${at(last)}`}.`,
  }
}

/** The method of a setting that wins most back, and how much there is to win; none where nothing is lost. */
const atLast = ({ results }: SettingResults, label: string): readonly { best: Found; loss: number }[] => {
  const { levels, reference } = levelsOf(results)
  const last = lastTime(results)
  const digital = levels.find(l => l.time_seconds === null)?.mean ?? null
  const own = levels.filter(l => last !== null && l.time_seconds === last)
  const lowest = own.find(l => l.method === reference)?.mean ?? 0 // an undefined score counts as 0, as in `recovery.ts`
  const [best] = byValue(
    own.filter(l => l.method !== reference).map(level => ({ label, level })),
    l => l.recovered,
  )
  return best === undefined || digital === null ? [] : [{ best, loss: digital - lowest }]
}

const wonBack = (sweep: SweepResults): Answer => {
  const { settings } = sweep
  const question = 'What wins the loss back?'
  const label = labelled(sweep)
  const [reference] = settings.flatMap(({ results }) => levelsOf(results).reference ?? [])
  if (settings.every(({ results }) => analogMethods(results).length < 2))
    return { question, short: '-', long: 'There is only one analog method: nothing to compare it with.' }
  if (reference === undefined)
    return { question, short: '-', long: 'There is no digital method, and so no loss to win back a share of.' }
  const rows = settings.flatMap(s => atLast(s, label(s)))
  const [worst] = [...rows].sort((a, b) => b.loss - a.loss)
  const sorted = byValue(
    rows.map(r => r.best),
    l => l.recovered,
  )
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (worst === undefined || first === undefined || last === undefined)
    return { question, short: '-', long: `${reference} loses nothing against digital in any setting.` }
  const { level, label: where } = worst.best
  const ends = range(percent(last.level.recovered), percent(first.level.recovered))
  const others = rows.length === 1 ? '' : ` Over all settings, each by its best method: ${ends}.`
  return {
    question,
    short: percent(level.recovered),
    long: `of the loss from digital to ${reference} where it is largest, with ${where}, by ${level.method}.${others}`,
  }
}

/**
 * Without chips, how accurate alone.
 * @param shown the setting that is shown in full. @param errors its own
 */
export const sweepAnswers = (
  sweep: SweepResults,
  shown: SettingResults,
  errors: readonly SourceError[],
): readonly Answer[] => {
  if (sweep.settings.every(({ results }) => timesOf(results).length === 0)) return [accurate(sweep)]
  const last = lastTime(shown.results)
  const rest = last === null ? [] : [remains(shown.results, errors, last)]
  const where = labelled(sweep)(shown)
  return [accurate(sweep), wonBack(sweep), ...rest.map(a => ({ ...a, long: `With ${where}: ${a.long}` }))]
}
