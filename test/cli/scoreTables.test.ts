import { describe, expect, test } from 'vitest'
import { resultTables, scoreLines, scoreTable } from '../../src/cli/scoreTables.js'
import { differences } from '../../src/domain/experiment/difference.js'
import { summaries } from '../../src/domain/experiment/summary.js'
import type { ScoreRow } from '../../src/domain/tables/scores.js'
import { analog, digital } from '../domain/experiment/scored.js'

const rows: readonly ScoreRow[] = [
  digital(0.9, { agreement: 1 }),
  ...analog('abs-max', [[0.7], [0.8]], { agreement: 0.75 }),
  ...analog('abs-max', [[0.5], [0.6]], { agreement: 0.5, time_seconds: 31_536_000 }),
  ...analog('paper', [[0.8], [0.85]], { agreement: 0.875 }),
  ...analog('paper', [[0.6], [0.7]], { agreement: 0.75, time_seconds: 31_536_000 }),
]

const printed = (scores: readonly ScoreRow[]): string => resultTables(summaries(scores), differences(scores))

describe('tables of scores', () => {
  test('means with intervals, drops and times as people write them; below, the differences', () => {
    // t(0.975, 1) = 12.7062: half-widths of 0.05 and 0.025 times it.
    expect(printed(rows)).toBe(
      `
task  method   time  metric               mean    drop  agreement  chips x reads
----  -------  ----  --------  ---------------  ------  ---------  -------------
sst2  digital     -  accuracy           0.9000       -     1.0000  -
sst2  abs-max   1 h  accuracy  0.7500 ± 0.6353  0.1500     0.7500  2 x 1
sst2  abs-max   1 y  accuracy  0.5500 ± 0.6353  0.3500     0.5000  2 x 1
sst2  paper     1 h  accuracy  0.8250 ± 0.3177  0.0750     0.8750  2 x 1
sst2  paper     1 y  accuracy  0.6500 ± 0.6353  0.2500     0.7500  2 x 1
±: 95 % confidence, Student, over chips

Differences on the same chips
task  method  against  time  metric          difference       p  chips x reads
----  ------  -------  ----  --------  ----------------  ------  -------------
sst2  paper   abs-max   1 h  accuracy  +0.0750 ± 0.3177  0.2048  2 x 1
sst2  paper   abs-max   1 y  accuracy  +0.1000 ± 0.0000       -  2 x 1
`.trim(),
    )
  })

  test('components of the spread stand there once something is read twice', () => {
    const [head, , line] = printed(
      analog('abs-max', [
        [0.69, 0.71],
        [0.79, 0.81],
      ]),
    ).split('\n')
    expect(head).toMatch(/mean +between chips +between reads +drop/)
    expect(line).toMatch(/0\.7500 ± 0\.6353 +0\.0700 +0\.0141 +- +- +2 x 2$/)
  })

  test('undefined scores are counted in a column of their own', () => {
    const scores = [...analog('a', [[0.7], [NaN], [0.8]]), ...analog('b', [[NaN], [NaN], [NaN]])]
    const text = printed(scores)
    expect(text).toMatch(/^task +method +time +metric +mean +undefined +drop/)
    expect(text).toMatch(/a +1 h +accuracy +0\.7500 ± 0\.6353 +1 /)
    expect(text).toMatch(/b +1 h +accuracy +undefined +3 /)
    expect(text).toMatch(/b +a +1 h +accuracy +undefined +3 +- +3 x 1$/)
    expect(printed(rows)).not.toContain('undefined')
  })

  test('one analog method has no differences, one chip no interval', () => {
    const text = printed([digital(0.9), ...analog('a', [[0.8]])])
    expect(text).not.toContain('Differences')
    expect(text).not.toContain('±')
  })

  test('row by row', () => {
    const lines = scoreTable(rows).split('\n')
    expect(lines).toHaveLength(2 + rows.length)
    expect(lines[3]).toMatch(/^sst2 +abs-max +0 +0 +1 h +accuracy +0\.7000 +0\.7500 +100$/)
  })

  test('as JSON lines: each score, then the aggregates', () => {
    const lines = scoreLines(rows, summaries(rows), differences(rows)).trimEnd().split('\n')
    expect(lines.slice(0, -1).map(l => JSON.parse(l) as unknown)).toEqual(rows)
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ summary: summaries(rows), differences: differences(rows) })
  })
})
