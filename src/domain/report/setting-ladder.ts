/** The rows of a ladder of several settings, in a terminal as on a page: methods in every setting. Not here: columns, layout. */
import { each, ladderAt, timesOf, type Ladder } from '../experiment/results.js'
import type { Row } from '../tables/table.js'
import { rungsOf, type Rung } from './score-columns.js'

/** A setting of a sweep: what tells it apart, and what it came to. */
export interface SettingLadder {
  readonly cells: Row
  readonly ladder: Ladder
}

/** A row: a method in a setting. */
export interface SettingRung extends Rung {
  /** What tells its setting apart; absent where it is the same in all of them. */
  readonly cells: Row
}

/** Times since programming [s] of any of the settings, in the order of the rows. */
export const settingTimes = (settings: readonly SettingLadder[]): readonly number[] =>
  each(settings.flatMap(({ ladder }) => timesOf(ladder)))

/** What a digital method came to; undefined for one with chips. */
const digitalScores = ({ method, ladder }: SettingRung): string | undefined => {
  const own = ladder.summary.filter(r => r.method === method)
  return own.every(r => r.chips === null) ? JSON.stringify(own) : undefined
}

/** Digital methods that come to the same in every setting once, in front. */
const withDigitalOnce = (rungs: readonly SettingRung[], settings: number): readonly SettingRung[] => {
  const scored = rungs.map(rung => ({ rung, scores: digitalScores(rung) }))
  const counts = new Map<string, number>()
  for (const { scores } of scored) if (scores !== undefined) counts.set(scores, (counts.get(scores) ?? 0) + 1)
  const isEverywhere = ({ scores }: (typeof scored)[number]): boolean =>
    scores !== undefined && counts.get(scores) === settings
  const once = new Map(scored.filter(isEverywhere).map(({ rung }) => [rung.method, { ...rung, cells: {} }] as const))
  return [...once.values(), ...scored.filter(s => !isEverywhere(s)).map(({ rung }) => rung)]
}

/** Of all settings that have been scored at a time; an experiment without a sweep is one setting without cells. */
export const settingRungsAt = (settings: readonly SettingLadder[], seconds: number): readonly SettingRung[] => {
  const then = settings.filter(({ ladder }) => ladder.summary.some(r => r.time_seconds === seconds))
  const rungs = then.flatMap(({ cells, ladder }) =>
    rungsOf(ladderAt(ladder, seconds)).map(rung => ({ ...rung, cells })),
  )
  return then.every(({ cells }) => Object.keys(cells).length === 0) ? rungs : withDigitalOnce(rungs, then.length)
}
