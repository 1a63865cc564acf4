/** What the ranges of rules come to by the objective, tile by tile of a model, beside the optimum. */
import { tilesOf, type Tile } from '../../src/domain/crossbar/tiling.js'
import { linearLayers } from '../../src/domain/encoder/architecture.js'
import { defaultHardware } from '../../src/domain/experiment/hardware.js'
import { logitContrasts } from '../../src/domain/ranges/contrasts.js'
import { expectedError } from '../../src/domain/ranges/objective.js'
import { optimalRanges } from '../../src/domain/ranges/optimum.js'
import { convertersOf } from '../../src/engines/analog/parameters.js'
import { tileObjective } from '../../src/engines/calibration/optimise.js'
import { placeMoments } from '../../src/pipelines/analog.js'
import { calibrated, inputSummaries, outputSummaries } from '../../src/pipelines/calibration.js'
import type { OpenTask } from '../../src/pipelines/openTask.js'
import { silent } from '../../src/pipelines/progress.js'
import { chooseRanges, type Rules } from '../../src/pipelines/ranges.js'

const calibrating = { options: { workers: 2 }, progress: silent, before: () => Promise.resolve() }
const hardware = defaultHardware
const { tile } = hardware

export interface Compared {
  readonly place: Tile
  readonly optimum: number
  /** Of each rule. */
  readonly rules: readonly number[]
}

/** One hour after programming, without wires. @param rules the search starts from the first. @param looked names of layers */
export const againstRules = async (
  open: OpenTask,
  rules: readonly Rules[],
  looked: RegExp = /^/,
): Promise<readonly Compared[]> => {
  const data = open.calibration
  if (data === null) throw new Error('no calibration')
  const seen = {
    inputs: await inputSummaries(open, data, tile, calibrating),
    outputs: await outputSummaries(open, { ...data, examples: 2 }, tile, calibrating),
  }
  const chosen = await Promise.all(rules.map(r => chooseRanges(open, hardware, r, seen)))
  const tiles = linearLayers(open.checkpoint.architecture).flatMap(layer => tilesOf(layer, tile))
  const contrasts = logitContrasts(open.checkpoint.architecture.labels)
  return calibrated(open, data, { observed: 'errors', tile, contrasts }, calibrating, ({ heap, parameters }) => {
    const chip = {
      ...{ converters: convertersOf(hardware), driftCompensation: hardware.driftCompensation, wires: null },
      ...{ moments: [placeMoments(heap, hardware, 3600)], first: placeMoments(heap, hardware, 0) },
    }
    const compared = [...tiles.entries()].flatMap(([k, place]): readonly Compared[] => {
      if (!looked.test(place.layer)) return []
      const own = chosen.flatMap(ranges => ranges[k] ?? [])
      const [start] = own
      if (start === undefined || own.length !== rules.length) throw new Error('no ranges')
      const objective = tileObjective({ heap }, parameters, place, chip)
      const optimum = optimalRanges(objective, { start, input: true, columns: true }).after
      return [{ place, optimum, rules: own.map(ranges => expectedError(objective, ranges).total) }]
    })
    return Promise.resolve(compared)
  })
}
