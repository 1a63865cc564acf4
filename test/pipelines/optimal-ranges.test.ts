/** The optimal ranges of a real model: on every tile looked at, no rule does better in the objective. */
import { expect, test } from 'vitest'
import { tilesOf } from '../../src/domain/crossbar/tiling.js'
import { linearLayers } from '../../src/domain/encoder/architecture.js'
import { defaultHardware } from '../../src/domain/experiment/hardware.js'
import type { Rules } from '../../src/pipelines/ranges.js'
import { folderWith } from '../io/fixture.js'
import { shared } from '../shared.js'
import { againstRules } from './against-rules.js'
import { prepared } from './prepared.js'

const absMax = { rule: 'abs-max' } as const
const percentile = (p: number) => ({ rule: 'percentile', percentile: p, of: 'magnitude', start: 'abs-max' }) as const
const current = (standardDeviations: number) =>
  ({ rule: 'output-current', standardDeviations, inputs: 2, start: 'abs-max' }) as const
const rules: readonly Rules[] = [
  { inputRange: absMax, columnRange: absMax },
  ...[98, 99.5, 99.995].flatMap(p => [2, 5].map(l => ({ inputRange: percentile(p), columnRange: current(l) }))),
  { inputRange: { rule: 'standard-deviations', standardDeviations: 4 }, columnRange: absMax },
  { inputRange: percentile(99.9), columnRange: { rule: 'weight-standard-deviations', standardDeviations: 3 } },
]
/** A tile of each kind, first and last, and the classifier's: the whole model takes minutes. */
const looked =
  /^(encoder\.layer\.0\.(attention\.self\.(query|value)|output)|encoder\.layer\.5\.(attention\.output|intermediate)|classifier\.out_proj)/

test('no rule does better on any tile', { timeout: 300_000 }, async () => {
  const workspace = await prepared(folderWith(), {
    ...{ schema: 1, name: 'real', seed: 1, calibration: { examples: 8 } },
    tasks: [
      {
        ...{ task: 'sst2', examples: 1 },
        ...{ checkpoint: shared('data/models/sst2'), data: shared('data/glue-hf/sst2') },
      },
    ],
    methods: [{ name: 'any' }],
  })
  const [open] = workspace.tasks
  if (open === undefined) throw new Error('no task')
  const compared = await againstRules(open, rules, looked)
  let count = 0
  for (const { place, optimum, rules: totals } of compared)
    for (const total of totals) {
      expect(optimum, place.layer).toBeLessThanOrEqual(total)
      count += 1
    }
  const tiles = linearLayers(open.checkpoint.architecture).flatMap(layer => tilesOf(layer, defaultHardware.tile))
  expect(count).toBe(rules.length * tiles.filter(({ layer }) => looked.test(layer)).length)
})
