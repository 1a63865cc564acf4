/** The optimal ranges of a real model: on every tile looked at, no rule does better in the objective. */
import { expect, test } from 'vitest'
import { tilesOf } from '../../src/domain/crossbar/tiling.js'
import { linearLayers } from '../../src/domain/encoder/architecture.js'
import { defaultHardware } from '../../src/domain/experiment/hardware.js'
import { logitContrasts } from '../../src/domain/ranges/contrasts.js'
import { expectedError } from '../../src/domain/ranges/objective.js'
import { optimalRanges } from '../../src/domain/ranges/optimum.js'
import { convertersOf } from '../../src/engines/analog/parameters.js'
import { tileObjective } from '../../src/engines/calibration/optimise.js'
import { placeMoments } from '../../src/pipelines/analog.js'
import { calibrated, inputSummaries, outputSummaries } from '../../src/pipelines/calibration.js'
import { silent } from '../../src/pipelines/progress.js'
import { chooseRanges, type Rules } from '../../src/pipelines/ranges.js'
import { folderWith } from '../io/fixture.js'
import { shared } from '../shared.js'
import { prepared } from './prepared.js'

const calibrating = { options: { workers: 2 }, progress: silent, before: () => Promise.resolve() }
const hardware = defaultHardware
const { tile } = hardware

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
  if (open === undefined || open.calibration === null) throw new Error('no calibration')
  const data = open.calibration
  const seen = {
    inputs: await inputSummaries(open, data, tile, calibrating),
    outputs: await outputSummaries(open, { ...data, examples: 2 }, tile, calibrating),
  }
  const chosen = await Promise.all(rules.map(r => chooseRanges(open, hardware, r, seen)))
  const tiles = linearLayers(open.checkpoint.architecture).flatMap(layer => tilesOf(layer, tile))
  const contrasts = logitContrasts(open.checkpoint.architecture.labels)
  await calibrated(open, data, { observed: 'errors', tile, contrasts }, calibrating, ({ heap, parameters }) => {
    const chip = {
      ...{ converters: convertersOf(hardware), driftCompensation: hardware.driftCompensation, wires: null },
      ...{ moments: [placeMoments(heap, hardware, 3600)], first: placeMoments(heap, hardware, 0) },
    }
    let compared = 0
    for (const [k, place] of tiles.entries()) {
      const start = chosen[0]?.[k]
      if (start === undefined || !looked.test(place.layer)) continue
      const objective = tileObjective({ heap }, parameters, place, chip)
      const found = optimalRanges(objective, { start, input: true, columns: true })
      for (const ranges of chosen) {
        const rule = ranges[k]
        if (rule === undefined) continue
        expect(found.after, place.layer).toBeLessThanOrEqual(expectedError(objective, rule).total)
        compared += 1
      }
    }
    expect(compared).toBe(rules.length * tiles.filter(({ layer }) => looked.test(layer)).length)
    return Promise.resolve()
  })
})
