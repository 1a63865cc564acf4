/** `ohmflow plan`: what would run; nothing is computed. */
import { command, flag, option, optional, positional, string } from 'cmd-ts'
import { counted } from '../../domain/count.js'
import { orThrow } from '../../io/fault.js'
import { readCheckedConfig } from '../../pipelines/experiment/config.js'
import { estimate, type TaskEstimate } from '../../pipelines/experiment/estimate.js'
import { allUnits, prepare, remaining } from '../../pipelines/experiment/workspace.js'
import { bytes, columns, grouped, spoken } from '../columns.js'
import { done, Refused } from '../exit.js'
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
    const { config, hash } = read.right
    const workspace = await orThrow(prepare(config, hash, out ?? ''))
    const missing = out === undefined ? allUnits(workspace) : (await remaining(workspace, { index: 0, of: 1 })).missing
    const estimates = await estimate(workspace, missing)
    const seconds = estimates.reduce((sum, e) => sum + e.seconds, 0)
    const units = allUnits(workspace).length
    const memoryBytes = Math.max(0, ...estimates.map(e => e.memoryBytes))
    if (json) {
      await printLine(
        JSON.stringify({
          name: config.name,
          configSha256: hash,
          units,
          missing: missing.length,
          seconds,
          memoryBytes,
          estimates,
        }),
      )
      return done
    }
    await printLine(
      columns(
        ['task', 'method', 'units', 'examples', 'tokens each', 'tiles', 'weights', 'about', 'memory'],
        estimates.map(row),
      ),
    )
    await printLine(
      `${counted(units, 'unit', grouped(units))}, ${grouped(missing.length)} to compute: about ${spoken(seconds)} and ${bytes(memoryBytes)} on this machine`,
    )
    return done
  },
})
