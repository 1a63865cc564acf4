/** `ohmflow calibrate`: the ranges of an experiment's analog methods, shown and kept to be inspected, edited and used again. */
import { command, flag, option, optional, positional, string } from 'cmd-ts'
import { join } from 'node:path'
import { counted } from '../../domain/count.js'
import { fail, Refused } from '../../domain/problem.js'
import { orThrow } from '../../io/fault.js'
import { enginePool } from '../../pipelines/enginePool.js'
import { calibrateExperiment } from '../../pipelines/experiment/calibrate.js'
import { readCheckedConfig } from '../../pipelines/experiment/config.js'
import { storedRanges } from '../../pipelines/experiment/rangesUnit.js'
import { prepare } from '../../pipelines/experiment/workspace.js'
import { workersOption } from '../arguments.js'
import { spoken } from '../columns.js'
import { done } from '../exit.js'
import { opening, terminalProgress } from '../progress.js'
import { rangesTables } from '../rangesTables.js'
import { interruptSignal } from '../signal.js'
import { print, printLine, say } from '../terminal.js'

export const calibrate = command({
  name: 'calibrate',
  description:
    "Find the ranges of a config's analog methods on its tasks, show them layer by layer, and keep them as files",
  examples: [
    {
      description: 'Ranges of every method, each in results/ladder/METHOD.ranges.json; a later run takes them over',
      command: 'ohmflow calibrate ladder.json --out results/ladder',
    },
    {
      description: 'As JSON lines, one a layer; the last line names the files',
      command: "ohmflow calibrate ladder.json --out results/ladder --json | jq 'select(.layer)'",
    },
    {
      description:
        'In a config: {"rule": "fixed", "file": "results/ladder/optimal.ranges.json"} as columnRange or inputRange',
      command: 'ohmflow run edited.json --out results/edited',
    },
  ],
  args: {
    config: positional({ type: string, displayName: 'CONFIG', description: 'the experiment, a JSON file' }),
    out: option({
      type: optional(string),
      long: 'out',
      description: 'folder for the files of ranges and finished units, that of `run` (default: results/NAME)',
    }),
    workers: workersOption,
    json: flag({ long: 'json', description: 'print a JSON line for each layer, the files last' }),
  },
  handler: async ({ config: path, out, workers, json }): Promise<number> => {
    const started = new Date()
    const signal = interruptSignal()
    const read = await readCheckedConfig(path)()
    if (read._tag === 'Left') throw new Refused(read.left)
    const { config, hash, settings } = read.right
    if (config.methods.every(m => m.execution === 'digital'))
      fail(path, 'methods', 'an analog method, whose ranges to find', 'digital ones only')
    const workspace = await opening(orThrow(prepare(config, hash, out ?? join('results', config.name), settings)))
    const progress = terminalProgress()
    const engines = enginePool(
      workspace.settings,
      { workers: workers ?? null, signal },
      progress,
      storedRanges(workspace),
    )
    try {
      const { units, computed, layers, files } = await calibrateExperiment(workspace, { progress, signal, engines })
      if (json) await print([...layers, { files }].map(line => `${JSON.stringify(line)}\n`).join(''))
      else await printLine(rangesTables(layers, workspace.settingColumns))
      const took = spoken((Date.now() - started.getTime()) / 1000)
      say(`${counted(units, 'set')} of ranges (${units - computed} were there already) in ${took}`)
      for (const file of files) say(`  ${file}`)
      return done
    } finally {
      progress.close()
      await engines.close()
    }
  },
})
