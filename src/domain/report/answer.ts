/**
 * What a reader is told first, in three answers: how accurate, what wins the loss back, where the rest comes from.
 * All at the last time, on the mean over tasks or the one task's score.
 */
import { timesOf, type Results } from '../experiment/results.js'
import { sourceName, type SourceError } from './budget.js'
import { around, percent, time } from './cells.js'
import { analogMethods, bestAt, levelsOf, type Level } from './level.js'

export interface Answer {
  readonly question: string
  /** A word or a number. */
  readonly short: string
  readonly long: string
}

const scored = (l: Level): string => `${l.method} ${around(l, 3)}`

const accurate = (results: Results, last: number): Answer => {
  const all = levelsOf(results)
  const best = bestAt(all, last)
  const digital = all.levels.find(l => l.time_seconds === null)
  const others = all.levels.filter(l => l.time_seconds === last && l.method !== best?.method)
  const said = [...(digital === undefined ? [] : [digital]), ...others].map(scored)
  return {
    question: `How accurate after ${time(last)}?`,
    short: best === undefined ? 'undefined' : around(best, 3),
    long: `with ${best?.method ?? 'no method'}, ${all.measure}.${said.length === 0 ? '' : ` Beside it: ${said.join(', ')}.`}`,
  }
}

const wonBack = (results: Results, last: number): Answer => {
  const question = 'What wins the loss back?'
  const { levels, reference } = levelsOf(results)
  if (analogMethods(results).length < 2)
    return { question, short: '-', long: 'There is only one analog method: nothing to compare it with.' }
  if (reference === null)
    return { question, short: '-', long: 'There is no digital method, and so no loss to win back a share of.' }
  const own = levels.filter(l => l.time_seconds === last && l.method !== reference && l.recovered !== null)
  const [best, ...others] = own.sort((a, b) => (b.recovered ?? 0) - (a.recovered ?? 0))
  if (best === undefined)
    return { question, short: '-', long: `${reference} loses nothing against digital at this time.` }
  const rest = others.map(l => `${l.method} ${percent(l.recovered)}`)
  return {
    question,
    short: percent(best.recovered),
    long: `of the loss from digital to ${reference}, by ${best.method}, after ${time(last)}.${rest.length === 0 ? '' : ` Others: ${rest.join(', ')}.`}`,
  }
}

/** The largest source alone of the best method, beside everything at once and the method's ranges. */
export const remains = (results: Results, errors: readonly SourceError[], last: number): Answer => {
  const question = 'Where does the rest come from?'
  const best = bestAt(levelsOf(results), last)
  const own = errors.filter(e => e.method === best?.method && e.time_seconds === last)
  const alone = own.filter(e => e.source !== 'all' && e.source !== 'ranges').sort((a, b) => b.error - a.error)
  const [most, ...others] = alone
  if (best === undefined || most === undefined) return { question, short: '-', long: 'There is no error budget.' }
  const whole = own.find(e => e.source === 'all')?.error.toFixed(3) ?? 'unknown'
  const ranges = own.find(e => e.source === 'ranges')
  const floor = ranges !== undefined && ranges.error > 0 ? `, its ranges alone ${ranges.error.toFixed(3)}` : ''
  const next = others.slice(0, 2).map(e => `${sourceName(e.source)} ${e.error.toFixed(3)}`)
  return {
    question,
    short: `${sourceName(most.source)}: ${most.error.toFixed(3)}`,
    long: `relative error of a layer’s output, the mean over layers, by the largest source with nothing beside it but the ranges, with ${best.method}${next.length === 0 ? '' : `; then ${next.join(', ')}`}. All at once ${whole}${floor}.`,
  }
}

/** Without analog methods, the digital score alone; none without scores. */
export const answersOf = (results: Results, errors: readonly SourceError[]): readonly Answer[] => {
  const times = timesOf(results)
  const { levels, measure } = levelsOf(results)
  const [digital] = levels
  if (digital === undefined) return []
  if (times.length === 0)
    return [{ question: 'How accurate?', short: around(digital, 3), long: `${measure}, ${digital.method}; no chip.` }]
  const last = Math.max(...times)
  return [accurate(results, last), wonBack(results, last), remains(results, errors, last)]
}
