/**
 * Whether `optimal` ranges are ever worse than those of a rule, by the objective, on any tile of real models.
 *
 *     npx tsx bench/optimum.mts [TASK...]        default: sst2 mrpc stsb, of OHMFLOW_SHARED (../shared)
 */
import { join, resolve } from 'node:path'
import { isLeft } from 'fp-ts/lib/Either.js'
import { describe } from '../src/domain/problem.js'
import { readConfig } from '../src/io/config/config.js'
import { orThrow } from '../src/io/fault.js'
import { openTask } from '../src/pipelines/openTask.js'
import type { Rules } from '../src/pipelines/ranges.js'
import { againstRules, type Compared } from '../test/pipelines/against-rules.js'

const shared = resolve(process.env.OHMFLOW_SHARED ?? '../shared')
const tasks = process.argv.length > 2 ? process.argv.slice(2) : ['sst2', 'mrpc', 'stsb']

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

for (const name of tasks) {
  const source = config.tasks.find(t => t.task === name)
  if (source === undefined) throw new Error(`no task ${name} in the ladder`)
  const open = await orThrow(openTask(source, config.calibration))
  const compared = await againstRules(
    open,
    rules.map(([, r]) => r),
  )
  let [worse, closest, where] = [0, Infinity, '']
  for (const { place, optimum, rules: totals } of compared)
    for (const [r, total] of totals.entries()) {
      if (!(total >= optimum)) worse += 1
      if (total / optimum < closest)
        [closest, where] = [total / optimum, `${rules[r]?.[0] ?? ''}, tile ${place.index} of ${place.layer}`]
    }
  console.log(
    `${name}: ${compared.length} tiles x ${rules.length} rules: optimal is worse ${worse} times; the closest is ${closest.toFixed(4)} times optimal (${where})`,
  )
  const sum = (of: (tile: Compared) => number): number => compared.reduce((all, tile) => all + of(tile), 0)
  const shares = rules.map(([rule], r) => [rule, sum(t => t.rules[r] ?? NaN) / sum(t => t.optimum)] as const)
  for (const [rule, share] of shares.toSorted(([, a], [, b]) => a - b).slice(0, 3))
    console.log(`  sum over tiles, ${rule}: ${share.toFixed(3)} times optimal's`)
}
