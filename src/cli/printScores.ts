/** Scores on stdout as a command's flags ask for them: means with their intervals, every score, or JSON lines. */
import { flag } from 'cmd-ts'
import type { ScoreRow } from '../domain/tables/scores.js'
import { resultsOf, resultTables, scoreLines, scoreTable } from './scoreTables.js'
import { print, printLine } from './terminal.js'

/** Of every command that ends with the scores of an experiment. */
export const scoreFlags = {
  all: flag({ long: 'all', description: 'print every score, not their means over chips and reads' }),
  json: flag({ long: 'json', description: 'print the scores as JSON lines, their summary and differences last' }),
}

export const printScores = async (
  scores: readonly ScoreRow[],
  { all, json }: { readonly all: boolean; readonly json: boolean },
): Promise<void> => {
  if (all) await printLine(scoreTable(scores))
  else if (json) await print(scoreLines(scores, resultsOf(scores)))
  else await printLine(resultTables(resultsOf(scores)))
}
