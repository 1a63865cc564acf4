/** An experiment run from a program and its tables read back: what `ohmflow/experiment` and `ohmflow/results` promise. */
import { appendFileSync, cpSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { Interrupted, Refused, run, type Ran, type RunOptions } from '../../src/library/experiment.js'
import { openResults, type ScoreRow } from '../../src/library/results.js'
import { configsIn, temporaryFolder } from '../cli/ohmflow.js'
import { repository } from '../shared.js'

const folder = temporaryFolder()
const path = configsIn(folder)('swept', {
  schema: 1,
  name: 'swept',
  seed: 1,
  tasks: [
    {
      task: 'sst2',
      checkpoint: join(repository, 'data/models/sst2'),
      data: join(repository, 'data/glue/SST-2'),
      examples: 8,
    },
  ],
  hardware: { tile: { rows: 64, columns: 64 } },
  repeat: { chips: 1, times: ['1 h'] },
  calibration: { split: 'train', examples: 4 },
  methods: [{ name: 'digital', execution: 'digital' }, { name: 'abs-max' }],
  sweep: { 'hardware.adc.bits': [4, 'off'] },
})
const out = join(folder, 'out')
const options: RunOptions = { out, workers: 1, formats: ['parquet', 'arrow'] }

let first: Ran
beforeAll(async () => {
  first = await run(path, options)
}, 1_200_000) // whether the machine is busy does not decide

/** The same experiment in another folder, its units taken over. */
const again = async (name: string, formats: RunOptions['formats'] = ['parquet']): Promise<string> => {
  const other = join(folder, name)
  cpSync(join(out, 'units'), join(other, 'units'), { recursive: true })
  expect(await run(path, { out: other, workers: 1, formats })).toMatchObject({ computed: 0, scores: first.scores })
  return other
}

/** What a promise ends with. */
const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'taken',
    (error: unknown) => error,
  )

const scoresIn = async (where: string): Promise<readonly ScoreRow[]> => {
  const rows: ScoreRow[] = []
  for await (const window of (await openResults(where)).rows('scores')) rows.push(...window)
  return rows
}

describe('an experiment from a program', () => {
  test('computes once, and gives the rows of its table', async () => {
    expect(first).toMatchObject({ computed: 7, outstanding: 0 })
    expect(first.scores).toHaveLength(4)
    expect(await run(path, options)).toEqual({ ...first, computed: 0 })
    expect(await scoresIn(out)).toEqual(first.scores)
  })

  test('says how the tables are made up: the cells of a sweep first, with units', async () => {
    const results = await openResults(out)
    expect(results.tables).toEqual(['scores', 'predictions', 'tiles', 'columns', 'errors'])
    const [bits, task] = await results.columns('errors')
    expect(bits).toMatchObject({ name: 'hardware.adc.bits', type: 'utf8', nullable: false })
    expect(task).toMatchObject({ name: 'task', type: 'utf8', unit: '' })
    expect((await results.columns('predictions')).at(-1)).toMatchObject({ name: 'logits', type: 'float32 list' })
    for await (const [row] of results.rows('errors')) expect(row?.['hardware.adc.bits']).toBe('4')
  })

  test('reads Arrow files as it does Parquet', async () => {
    const arrow = await again('arrow', ['arrow'])
    expect(await scoresIn(arrow)).toEqual(first.scores)
    expect(await (await openResults(arrow)).columns('tiles')).toEqual(await (await openResults(out)).columns('tiles'))
  })

  test('refuses a config that is not there, a table that was changed, options that cannot be meant', async () => {
    const absent = await refusal(run(join(folder, 'absent.json'), options))
    expect(absent instanceof Refused && absent.problems[0]?.expected).toBe('a file that exists')
    const damaged = await again('damaged')
    appendFileSync(join(damaged, 'scores.parquet'), ' ')
    expect(await refusal(openResults(damaged))).toBeInstanceOf(Refused)
    expect(await refusal(run(path, { ...options, workers: 0 }))).toBeInstanceOf(RangeError)
    expect(await refusal(run(path, { ...options, shard: { index: 2, of: 2 } }))).toBeInstanceOf(RangeError)
  })

  test('stops when asked to', async () => {
    const stopped = run(path, { ...options, out: join(folder, 'stopped'), signal: AbortSignal.abort() })
    expect(await refusal(stopped)).toBeInstanceOf(Interrupted)
  })
})
