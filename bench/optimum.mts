/**
 * Whether `optimal` ranges are ever worse than those of a rule, by the objective, on any tile of real models.
 *
 *     npx tsx bench/optimum.mts [TASK...]        default: sst2 mrpc stsb, of OHMFLOW_SHARED (../shared)
 */
import { join, resolve } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { tilesOf } from '../src/domain/crossbar/tiling.js'
import { linearLayers } from '../src/domain/encoder/architecture.js'
import { defaultHardware } from '../src/domain/experiment/hardware.js'
import { describe } from '../src/domain/problem.js'
import { logitContrasts } from '../src/domain/ranges/contrasts.js'
import { expectedError } from '../src/domain/ranges/objective.js'
import { optimalRanges } from '../src/domain/ranges/optimum.js'
import { convertersOf } from '../src/engines/analog/parameters.js'
import { tileObjective } from '../src/engines/calibration/optimise.js'
import { readConfig } from '../src/io/config/config.js'
import { orThrow } from '../src/io/fault.js'
import { placeMoments } from '../src/pipelines/analog.js'
import { calibrated, inputSummaries, outputSummaries } from '../src/pipelines/calibration.js'
import { openTask } from '../src/pipelines/openTask.js'
import { silent } from '../src/pipelines/progress.js'
import { chooseRanges, type Rules } from '../src/pipelines/ranges.js'

const shared = resolve(process.env.OHMFLOW_SHARED ?? '../shared')
const tasks = process.argv.length > 2 ? process.argv.slice(2) : ['sst2', 'mrpc', 'stsb']
const hardware = { ...defaultHardware, outputNoise: 0.04 }
const { tile } = hardware

const absMax = { rule: 'abs-max' } as const
const paper = (l: number, k: number): readonly [string, Rules] => [
  `paper, L ${l}, K ${k}`,
  {
    inputRange: { rule: 'percentile', percentile: k, of: 'magnitude', start: 'abs-max' },
    columnRange: { rule: 'output-current', standardDeviations: l, inputs: 2, start: 'abs-max' },
  },
]
const clipped = (weights: number, inputs: number): readonly [string, Rules] => [
  `weights ${weights} sd, inputs ${inputs} sd`,
  {
    inputRange: { rule: 'standard-deviations', standardDeviations: inputs },
    columnRange: { rule: 'weight-standard-deviations', standardDeviations: weights },
  },
]
const rules: readonly (readonly [string, Rules])[] = [
  ['abs-max', { inputRange: absMax, columnRange: absMax }],
  ...[2, 3, 4, 5].flatMap(l => [98, 99, 99.5, 99.9, 99.995, 100].map(k => paper(l, k))),
  ...[2, 2.5, 3].flatMap(w => [3, 4, 6].map(x => clipped(w, x))),
]

const read = await readConfig(join(shared, 'configs/ladder.json'))()
if (isLeft(read)) throw new Error(describe(read.left[0]))
const config = read.right
const calibrating = { options: { workers: 2 }, progress: silent, before: () => Promise.resolve() }

for (const name of tasks) {
  const source = config.tasks.find(t => t.task === name)
  if (source === undefined) throw new Error(`no task ${name} in the ladder`)
  const open = await orThrow(openTask(source, config.calibration))
  const data = open.calibration
  if (data === null) throw new Error('no calibration')
  const seen = {
    inputs: await inputSummaries(open, data, tile, calibrating),
    outputs: await outputSummaries(open, { ...data, examples: 2 }, tile, calibrating),
  }
  const chosen = await Promise.all(rules.map(([, r]) => chooseRanges(open, hardware, r, seen)))
  const tiles = linearLayers(open.checkpoint.architecture).flatMap(layer => tilesOf(layer, tile))
  const contrasts = logitContrasts(open.checkpoint.architecture.labels)
  await calibrated(open, data, { observed: 'errors', tile, contrasts }, calibrating, ({ heap, parameters }) => {
    const chip = {
      ...{ converters: convertersOf(hardware), driftCompensation: hardware.driftCompensation, wires: null },
      ...{ moments: [placeMoments(heap, hardware, 3600)], first: placeMoments(heap, hardware, 0) },
    }
    const totals = new Float64Array(rules.length)
    let [optimum, worse, closest, where] = [0, 0, Infinity, '']
    for (const [k, place] of tiles.entries()) {
      const start = chosen[0]?.[k]
      if (start === undefined) throw new Error('no start')
      const objective = tileObjective({ heap }, parameters, place, chip)
      const found = optimalRanges(objective, { start, input: true, columns: true })
      optimum += found.after
      for (const [r, [rule]] of rules.entries()) {
        const ranges = chosen[r]?.[k]
        if (ranges === undefined) throw new Error('no ranges')
        const { total } = expectedError(objective, ranges)
        totals[r] = (totals[r] ?? NaN) + total
        if (!(total >= found.after)) worse += 1
        if (total / found.after < closest)
          [closest, where] = [total / found.after, `${rule}, tile ${place.index} of ${place.layer}`]
      }
    }
    console.log(
      `${name}: ${tiles.length} tiles x ${rules.length} rules: optimal is worse ${worse} times; the closest is ${closest.toFixed(4)} times optimal (${where})`,
    )
    const best = [...rules.entries()].sort(([a], [b]) => (totals[a] ?? NaN) - (totals[b] ?? NaN)).slice(0, 3)
    for (const [r, [rule]] of best)
      console.log(`  sum over tiles, ${rule}: ${((totals[r] ?? NaN) / optimum).toFixed(3)} times optimal's`)
    return Promise.resolve()
  })
}
