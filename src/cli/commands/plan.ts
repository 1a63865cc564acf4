/** `ohmflow plan`: what would run; nothing is computed. */
import { command, flag, option, optional, positional, string } from 'cmd-ts'
import { counted } from '../../domain/count.js'
import type { Sweep } from '../../domain/experiment/config.js'
import { Refused } from '../../domain/problem.js'
import { orThrow } from '../../io/fault.js'
import { readCheckedConfig } from '../../pipelines/experiment/config.js'
import { estimate, sharedIn, type Shared, type TaskEstimate } from '../../pipelines/experiment/estimate.js'
import { allUnits, prepare, remaining } from '../../pipelines/experiment/workspace.js'
import { bytes, columns, grouped, spoken } from '../columns.js'
import { done } from '../exit.js'
import { opening } from '../progress.js'
import { printLine } from '../terminal.js'

const row = (e: TaskEstimate): readonly string[] => [
  e.task,
  e.method,
  grouped(e.units),
  grouped(e.examples),
  e.tokensPerExample.toFixed(1),
  e.tiles === null ? '-' : grouped(e.tiles),
  grouped(e.weights),
  spoken(e.seconds),
  bytes(e.memoryBytes),
]

/** How many settings a sweep comes to, and of what. */
const sweepText = ({ combine, axes }: Sweep, settings: number): string => {
  const of = axes.map(({ key, values }) => `${key} (${counted(values.length, 'value')})`)
  return `${counted(settings, 'setting')}: ${of.join(combine === 'zipped' ? ' with ' : ' x ')}`
}

const sharedText = (shared: Shared, units: number): string =>
  [
    `shared: ${grouped(shared.units)} units of all settings are ${grouped(units)} that differ`,
    `${counted(shared.tasks, 'task')} with checkpoint, tokeniser and data opened as ${grouped(shared.opened)}`,
    ...(shared.ranges === 0
      ? []
      : [`${grouped(shared.ranges)} times ranges follow from ${counted(shared.calibrations, 'calibration')}`]),
  ].join('; ')

export const plan = command({
  name: 'plan',
  description: 'What an experiment would run: units, tiles, estimated time and memory; nothing is computed',
  examples: [
    { description: 'Before a long run', command: 'ohmflow plan ladder.json' },
    { description: 'What is still missing in a folder', command: 'ohmflow plan ladder.json --out results/ladder' },
  ],
  args: {
    config: positional({ type: string, displayName: 'CONFIG', description: 'the experiment, a JSON file' }),
    out: option({ type: optional(string), long: 'out', description: 'count the units that are finished there' }),
    json: flag({ long: 'json', description: 'print the plan as JSON' }),
  },
  handler: async ({ config: path, out, json }): Promise<number> => {
    const read = await readCheckedConfig(path)()
    if (read._tag === 'Left') throw new Refused(read.left)
    const { config, hash, settings } = read.right
    const workspace = await opening(orThrow(prepare(config, hash, out ?? '', settings)))
    const missing = out === undefined ? allUnits(workspace) : (await remaining(workspace, { index: 0, of: 1 })).missing
    const estimates = await estimate(workspace, missing)
    const seconds = estimates.reduce((sum, e) => sum + e.seconds, 0)
    const units = allUnits(workspace).length
    const memoryBytes = Math.max(0, ...estimates.map(e => e.memoryBytes))
    const shared = sharedIn(workspace)
    if (json) {
      await printLine(
        JSON.stringify({
          name: config.name,
          configSha256: hash,
          ...(config.sweep === null ? {} : { settings: settings.all.length, shared }),
          units,
          missing: missing.length,
          seconds,
          memoryBytes,
          estimates,
        }),
      )
      return done
    }
    if (config.sweep !== null) await printLine(`${sweepText(config.sweep, settings.all.length)}\n`)
    await printLine(
      columns(
        ['task', 'method', 'units', 'examples', 'tokens each', 'tiles', 'weights', 'about', 'memory'],
        estimates.map(row),
      ),
    )
    if (config.sweep !== null) await printLine(`\n${sharedText(shared, units)}`)
    await printLine(
      `${counted(units, 'unit', grouped(units))}, ${grouped(missing.length)} to compute: about ${spoken(seconds)} and ${bytes(memoryBytes)} on this machine`,
    )
    return done
  },
})
