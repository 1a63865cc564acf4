/** Scores on stdout as a command's flags ask for them: means with their intervals, every score, or JSON lines. */
import { flag } from 'cmd-ts'
import { resultsOf } from '../domain/experiment/results.js'
import { resultsOfSettings } from '../domain/experiment/setting-results.js'
import type { ScoreRow } from '../domain/tables/scores.js'
import type { Column } from '../domain/tables/table.js'
import { resultTables, scoreLines, scoreTable, sweepTables } from './scoreTables.js'
import { print, printLine } from './terminal.js'

/** Of every command that ends with the scores of an experiment. */
export const scoreFlags = {
  all: flag({ long: 'all', description: 'print every score, not their means over chips and reads' }),
  json: flag({ long: 'json', description: 'print the scores as JSON lines, their summary and differences last' }),
}

/** @param columns what tells the settings of a sweep apart; none without one */
export const printScores = async (
  scores: readonly ScoreRow[],
  columns: readonly Column[],
  { all, json }: { readonly all: boolean; readonly json: boolean },
): Promise<void> => {
  if (all) return printLine(scoreTable(scores, columns))
  const settings = resultsOfSettings(scores, columns)
  if (json) return print(scoreLines(scores, settings))
  return printLine(columns.length > 0 ? sweepTables(settings, columns) : resultTables(resultsOf(scores)))
}
