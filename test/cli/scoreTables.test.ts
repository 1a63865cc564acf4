import { describe, expect, test } from 'vitest'
import { resultTables, scoreLines, scoreTable, sweepTables } from '../../src/cli/scoreTables.js'
import { resultsOfSettings } from '../../src/domain/experiment/setting-results.js'
import { differences } from '../../src/domain/experiment/difference.js'
import { meansOverTasks, recoveries } from '../../src/domain/experiment/recovery.js'
import { resultsOf, type Results } from '../../src/domain/experiment/results.js'
import { summaries } from '../../src/domain/experiment/summary.js'
import type { ScoreRow } from '../../src/domain/tables/scores.js'
import type { Column } from '../../src/domain/tables/table.js'
import { analog, digital } from '../domain/experiment/scored.js'

const rows: readonly ScoreRow[] = [
  digital(0.9, { agreement: 1 }),
  ...analog('abs-max', [[0.7], [0.8]], { agreement: 0.75 }),
  ...analog('abs-max', [[0.5], [0.6]], { agreement: 0.5, time_seconds: 31_536_000 }),
  ...analog('paper', [[0.8], [0.85]], { agreement: 0.875 }),
  ...analog('paper', [[0.6], [0.7]], { agreement: 0.75, time_seconds: 31_536_000 }),
]

const printed = (scores: readonly ScoreRow[]): string => resultTables(resultsOf(scores))

describe('tables of scores', () => {
  test('one analog method: means with intervals, drops and times as people write them', () => {
    // t(0.975, 1) = 12.7062: half-widths of 0.05 times it.
    expect(printed(rows.slice(0, 5))).toBe(
      `
task  method   time  metric               mean    drop  agreement  chips x reads
----  -------  ----  --------  ---------------  ------  ---------  -------------
sst2  digital     -  accuracy           0.9000       -     1.0000  -
sst2  abs-max   1 h  accuracy  0.7500 ± 0.6353  0.1500     0.7500  2 x 1
sst2  abs-max   1 y  accuracy  0.5500 ± 0.6353  0.3500     0.5000  2 x 1
±: 95 % confidence, Student, over chips
`.trim(),
    )
  })

  test('several: their ladder first, a block a time, then drops and differences, no mean twice', () => {
    expect(printed(rows)).toBe(
      `
After 1 h
method              sst2  recovered
-------  ---------------  ---------
digital           0.9000          -
abs-max  0.7500 ± 0.6353      0.0 %
paper    0.8250 ± 0.3177     50.0 %

After 1 y
method              sst2  recovered
-------  ---------------  ---------
digital           0.9000          -
abs-max  0.5500 ± 0.6353      0.0 %
paper    0.6500 ± 0.6353     28.6 %

±: 95 % confidence, Student, over chips
recovered: share of the loss from digital to abs-max

Drop from the digital score, and agreement with the digital predictions
task  method   time  metric      drop  agreement  chips x reads
----  -------  ----  --------  ------  ---------  -------------
sst2  abs-max   1 h  accuracy  0.1500     0.7500  2 x 1
sst2  abs-max   1 y  accuracy  0.3500     0.5000  2 x 1
sst2  paper     1 h  accuracy  0.0750     0.8750  2 x 1
sst2  paper     1 y  accuracy  0.2500     0.7500  2 x 1

Differences on the same chips
task  method  against  time  metric          difference       p  chips x reads
----  ------  -------  ----  --------  ----------------  ------  -------------
sst2  paper   abs-max   1 h  accuracy  +0.0750 ± 0.3177  0.2048  2 x 1
sst2  paper   abs-max   1 y  accuracy  +0.1000 ± 0.0000       -  2 x 1
`.trim(),
    )
  })

  test('a ladder of many tasks stays within 100 columns: fewer decimals, then one table after the other', () => {
    const ladder = (tasks: number): readonly string[] => {
      const scores = Array.from({ length: tasks }, (_, i) => [
        digital(0.9, { task: `task ${i}` }),
        ...analog('abs-max', [[0.7], [0.8]], { task: `task ${i}` }),
        ...analog('a method of a long name', [[0.85], [0.9]], { task: `task ${i}` }),
      ]).flat()
      return printed(scores).split('\n±')[0]?.split('\n') ?? []
    }
    for (let tasks = 1; tasks < 12; tasks++) {
      const lines = ladder(tasks)
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(100)
      const heads = lines.filter(l => l.startsWith('method ')).join(' ')
      for (let i = 0; i < tasks; i++) expect(heads).toContain(`task ${i}`)
      const long = lines.filter(l => l.startsWith('a method of a long name')).join('  ')
      // Each score once, and each share: (0.875 - 0.75) / (0.9 - 0.75).
      const decimals = /0\.8750 ± 0\.3177/.test(long) ? 4 : 3
      const score = decimals === 4 ? '0.8750 ± 0.3177' : '0.875 ± 0.318'
      const several = tasks > 1 ? 1 : 0
      expect([tasks, long.split(score).length - 1]).toEqual([tasks, tasks + several])
      expect(long.split('83.3 %').length - 1).toBe(tasks + several)
    }
    expect(ladder(1).join('\n')).toContain('0.8750 ± 0.3177')
    expect(ladder(3).join('\n')).toContain('Recovered\nmethod')
  })

  test('what is recovered of several metrics, and of undefined scores, is said', () => {
    const metrics = ['accuracy', 'f1'].flatMap(metric => [
      digital(0.9, { metric }),
      ...analog('a', [[0.5], [NaN]], { metric }),
      ...analog('b', [[0.8], [0.8]], { metric }),
    ])
    const text = printed(metrics)
    expect(text).toContain("recovered: share of the loss from digital to a; of a task's metrics, the mean")
    expect(text).toContain('an undefined score counts as 0')
    // The mean of the defined in the table; 0.25 where the loss is measured: (0.8 - 0.25) / (0.9 - 0.25).
    expect(text).toMatch(/^a +0\.5000 +0\.5000 +0\.0 %$/m)
    expect(text).toMatch(/^b +0\.8000 ± 0\.0000 +0\.8000 ± 0\.0000 +84\.6 %$/m)
    expect(printed(rows)).not.toContain('metrics')
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
    expect(text).toMatch(/^a +0\.7500 ± 0\.6353$/m)
    expect(text).toMatch(/^b +undefined$/m)
    expect(text).toMatch(/^task +method +time +metric +undefined +drop/m)
    expect(text).toMatch(/a +1 h +accuracy +1 /)
    expect(text).toMatch(/b +1 h +accuracy +3 /)
    expect(printed(analog('a', [[0.7], [NaN]]))).toMatch(/^task +method +time +metric +mean +undefined +drop/)
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
    const lines = scoreLines(rows, resultsOfSettings(rows, [])).trimEnd().split('\n')
    expect(lines.slice(0, -1).map(l => JSON.parse(l) as unknown)).toEqual(rows)
    expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
      ...{ summary: summaries(rows), differences: differences(rows) },
      ...{ means: meansOverTasks(rows), recovery: recoveries(rows) },
    })
    expect(recoveries(rows)).toHaveLength(4)
  })
})

describe('tables of a sweep', () => {
  const column = (name: string, type: Column['type']): Column => ({
    name,
    type,
    nullable: true,
    unit: '',
    description: name,
  })
  const columns = [column('hardware.adc.bits', 'int32'), column('methods.1.inputRange.percentile', 'float64')]
  const at = (bits: number, percentile: number | null, scores: readonly ScoreRow[]): readonly ScoreRow[] =>
    scores.map(row => ({ 'hardware.adc.bits': bits, 'methods.1.inputRange.percentile': percentile, ...row }))
  const swept = [
    ...at(6, null, [digital(0.9), ...analog('abs-max', [[0.7], [0.7]]), ...analog('paper', [[0.8], [0.8]])]),
    ...at(8, 99.5, [digital(0.9), ...analog('abs-max', [[0.8], [0.8]]), ...analog('paper', [[0.85], [0.85]])]),
  ]
  const shown = (rows: readonly ScoreRow[]): string => sweepTables(resultsOfSettings(rows, columns), columns)

  test('methods in every setting, digital once; each compared within its setting', () => {
    expect(shown(swept)).toBe(
      `
After 1 h
hardware.adc.bits  methods.1.inputRange.percentile  method              sst2  recovered
-----------------  -------------------------------  -------  ---------------  ---------
                -                                -  digital           0.9000          -
                6                                -  abs-max  0.7000 ± 0.0000      0.0 %
                6                                -  paper    0.8000 ± 0.0000     50.0 %
                8                             99.5  abs-max  0.8000 ± 0.0000      0.0 %
                8                             99.5  paper    0.8500 ± 0.0000     50.0 %

±: 95 % confidence, Student, over chips
recovered: share of the loss from digital to abs-max
differences on the same chips, drops and agreement of each setting: --json
`.slice(1, -1),
    )
  })

  test('digital scores that a setting changes stand in each', () => {
    const rows = swept.map((row, i) => (i === 0 ? { ...row, value: 0.95 } : row))
    const lines = shown(rows)
      .split('\n')
      .filter(line => /digital +0/.test(line))
    expect(lines.map(line => line.trim().split(/ +/))).toEqual([
      ['6', '-', 'digital', '0.9500', '-'],
      ['8', '99.5', 'digital', '0.9000', '-'],
    ])
  })

  test('a time at which only some settings were scored has these only', () => {
    const late = at(8, 99.5, analog('abs-max', [[0.5], [0.5]], { time_seconds: 86_400 }))
    const [, day = ''] = shown([...swept, ...late]).split('After 1 d\n')
    expect(
      day
        .split('\n\n')[0]
        ?.split('\n')
        .slice(2)
        .map(line => line.trim().split(/ +/).slice(0, 3)),
    ).toEqual([
      ['-', '-', 'digital'],
      ['8', '99.5', 'abs-max'],
    ])
  })

  test('without chips, what each setting came to', () => {
    expect(
      shown(swept.filter(r => r.chip === null))
        .split('\n')
        .map(line => line.trim().split(/ +/).join(' ')),
    ).toEqual([
      'hardware.adc.bits methods.1.inputRange.percentile task method time metric mean',
      expect.stringMatching(/^[- ]+$/),
      '6 - sst2 digital - accuracy 0.9000',
      '8 99.5 sst2 digital - accuracy 0.9000',
    ])
  })

  test('as JSON: every row, and everything that settings come to, beside what tells them apart', () => {
    const lines = scoreLines(swept, resultsOfSettings(swept, columns)).trimEnd().split('\n')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ 'hardware.adc.bits': 6, method: 'digital' })
    const results = JSON.parse(lines.at(-1) ?? '') as Results // as: the last line
    expect(results.differences).toMatchObject([
      { 'hardware.adc.bits': 6, 'methods.1.inputRange.percentile': null, method: 'paper', reference: 'abs-max' },
      { 'hardware.adc.bits': 8, 'methods.1.inputRange.percentile': 99.5, method: 'paper', reference: 'abs-max' },
    ])
    expect(results.recovery.map(r => r.recovered)).toEqual([0, expect.closeTo(0.5), 0, expect.closeTo(0.5)])
  })
})
