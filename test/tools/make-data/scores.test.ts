/** What a person sees who types `npm start`: scores above chance, which the chip lowers and leaves room to win back. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { grammars } from '../../../tools/make-data/corpus.js'
import { ohmflow, temporaryFolder } from '../../cli/ohmflow.js'
import { repository } from '../../shared.js'

interface Score {
  readonly task: string
  readonly method: string
  readonly chip: number | null
  readonly time_seconds: number | null
  readonly metric: string
  readonly value: number
  readonly examples: number
}

const folder = temporaryFolder()
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The scores of a config in data/, by the first of each task's metrics. */
const scored = async (config: string): Promise<readonly Score[]> => {
  const out = join(folder, config)
  const { code, stderr } = await ohmflow(['run', join(repository, 'data', config), '--out', out])
  expect(code, stderr).toBe(0)
  expect(stderr).not.toContain('untrained')
  const bytes = readFileSync(join(out, 'scores.parquet'))
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  // as: the columns of the table, which tests of tables look at
  const rows = (await parquetReadObjects({ file })) as unknown as readonly Score[]
  return rows.filter(r => ['accuracy', 'matthews', 'pearson'].includes(r.metric))
}

/** 1 for all right, 0 at chance: accuracies on two balanced classes as Matthews and Pearson correlations are. */
const skill = ({ metric, value }: Score): number => (metric === 'accuracy' ? 2 * value - 1 : value)
/** Standard deviation of the skill of a coin. */
const luck = ({ examples }: Score): number => 1 / Math.sqrt(examples)

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const of = (scores: readonly Score[], method: string, seconds: number | null = null): readonly Score[] =>
  scores.filter(s => s.method === method && (seconds === null || s.time_seconds === seconds))

/** Skill that a method loses against the digital model of the same run, chip by chip. */
const losses = (scores: readonly Score[], method: string, seconds: number): readonly number[] =>
  of(scores, method, seconds).map(score => {
    const digital = of(scores, 'digital').find(s => s.task === score.task)
    return digital === undefined ? NaN : skill(digital) - skill(score)
  })

const [hour, year] = [3600, 365 * 86400]

/** Much more than either run takes: how fast a machine is decides no test. */
const patience = 900_000

describe('the default run', () => {
  let scores: readonly Score[] = []
  beforeAll(async () => {
    scores = await scored('config.json')
  }, patience)

  for (const { task } of grammars) {
    const ofTask = (): readonly Score[] => scores.filter(s => s.task === task)

    test(`${task} is learned, well beyond chance`, () => {
      expect(of(ofTask(), 'digital').map(skill)).toEqual([expect.toSatisfy((x: number) => x > 0.6)])
    })

    test(`${task} on every chip at every time is far from chance, six standard deviations and more`, () => {
      expect(of(ofTask(), 'abs-max')).toHaveLength(3 * 3)
      for (const score of of(ofTask(), 'abs-max')) expect(skill(score)).toBeGreaterThan(6 * luck(score))
    })

    test(`${task} loses on every chip in a year, more than at once, enough to be won back`, () => {
      const afterYear = losses(ofTask(), 'abs-max', year)
      expect(Math.min(...afterYear)).toBeGreaterThan(0)
      expect(mean(afterYear)).toBeGreaterThan(mean(losses(ofTask(), 'abs-max', 0)))
      expect(mean(afterYear)).toBeGreaterThan(0.05)
    })
  }

  test('optimal ranges win back some of what a year takes, on the mean of the tasks', () => {
    const lost = (method: string): number => mean(losses(scores, method, year))
    expect(lost('optimal')).toBeLessThan(0.7 * lost('abs-max'))
    expect(lost('optimal')).toBeLessThan(lost('paper'))
  })

  test(
    'hardware-aware models lose less, least with the ranges they learned',
    async () => {
      const aware = await scored('hwa.json')
      expect(of(aware, 'digital')).toHaveLength(grammars.length)
      for (const seconds of [hour, year]) {
        const absMax = mean(losses(aware, 'abs-max', seconds))
        expect(absMax).toBeLessThan(mean(losses(scores, 'abs-max', seconds)))
        expect(mean(losses(aware, 'learned', seconds))).toBeLessThan(absMax)
      }
    },
    patience,
  )
})
