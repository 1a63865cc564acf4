/** `ohmflow run`: plan, do what is missing, write the tables, print the scores. */
import { command, option, optional, positional, string } from 'cmd-ts'
import { join } from 'node:path'
import { counted } from '../../domain/count.js'
import { fail, Refused } from '../../domain/problem.js'
import { orThrow } from '../../io/fault.js'
import { readCheckedConfig } from '../../pipelines/experiment/config.js'
import { storedRanges } from '../../pipelines/experiment/rangesUnit.js'
import { runExperiment, type Finished } from '../../pipelines/experiment/run.js'
import { streamTable, tableNames } from '../../pipelines/experiment/tables.js'
import { allUnits, prepare, type Workspace } from '../../pipelines/experiment/workspace.js'
import { enginePool } from '../../pipelines/enginePool.js'
import { formatsOption, shardArgument, wordArgument, workersOption } from '../arguments.js'
import { grouped, spoken } from '../columns.js'
import { done } from '../exit.js'
import { opening, terminalProgress } from '../progress.js'
import { writeRecord, type About } from '../record.js'
import { printScores, scoreFlags } from '../printScores.js'
import { interruptSignal } from '../signal.js'
import { say, stdoutBytes } from '../terminal.js'

/** What is not reproducible: clock, machine, how fast. */
const writeRunRecord = (out: string, finished: Finished, about: About, tensorflow: string | null): Promise<void> =>
  writeRecord(out, about, {
    unitsComputed: finished.computed,
    examples: finished.examples,
    tokens: finished.tokens,
    ...(tensorflow === null ? {} : { tensorflow }),
  })

/** @throws Failure: the command line cannot be meant. */
const refuse = (expected: string, found: string): never => fail('command line', 'run', expected, found)

const untrained = (workspace: Workspace): readonly string[] =>
  workspace.tasks.filter(t => t.checkpoint.untrained).map(t => t.source.task)

export const run = command({
  name: 'run',
  description: 'Run an experiment: plan it, compute what is missing, write the tables, print the scores',
  examples: [
    {
      description: 'The experiment of a config, its tables in results/sst2',
      command: 'ohmflow run sst2.json --out results/sst2',
    },
    {
      description: 'The second of four machines, same folder',
      command: 'ohmflow run big.json --out /shared/big --shard 1/4',
    },
    {
      description:
        'Scores as JSON lines; the last line holds their summary, differences between methods and shares recovered',
      command: "ohmflow run sst2.json --out results/sst2 --json | jq '.summary[]?'",
    },
    {
      description: 'Predictions as an Arrow stream into another program',
      command: 'ohmflow run sst2.json --out results/sst2 --stream predictions | python read.py',
    },
  ],
  args: {
    config: positional({ type: string, displayName: 'CONFIG', description: 'the experiment, a JSON file' }),
    out: option({
      type: optional(string),
      long: 'out',
      description: 'folder for tables and finished units (default: results/NAME)',
    }),
    shard: option({
      type: optional(shardArgument('i/n')),
      long: 'shard',
      description: 'compute only every n-th unit, from the i-th; i counts from 0',
    }),
    workers: workersOption,
    formats: formatsOption,
    stream: option({
      type: optional(wordArgument(tableNames)('TABLE')),
      long: 'stream',
      description: 'write this table to stdout as an Arrow IPC stream instead of printing the scores',
    }),
    ...scoreFlags,
  },
  handler: async ({ config: path, out, shard, workers, formats: wanted, stream, all, json }): Promise<number> => {
    if (stream !== undefined && json) refuse('--stream or --json, not both', 'both')
    if (all && (json || stream !== undefined))
      refuse('--all without --json and --stream, which hold every score anyway', 'both')
    if (stream !== undefined && process.stdout.isTTY) refuse('--stream into a pipe or a file', 'a terminal')
    const started = new Date()
    const signal = interruptSignal()
    const read = await readCheckedConfig(path)()
    if (read._tag === 'Left') throw new Refused(read.left)
    const { config, hash, settings } = read.right
    if (config.train !== null)
      say(`train: not part of a run, which takes the checkpoints as they are; "ohmflow train ${path}" trains them`)
    const folder = out ?? join('results', config.name)
    const workspace = await opening(orThrow(prepare(config, hash, folder, settings)))
    const progress = terminalProgress()
    const engines = enginePool(
      workspace.settings,
      { workers: workers ?? null, signal },
      progress,
      storedRanges(workspace),
    )
    try {
      const finished = await runExperiment(workspace, {
        shard: shard ?? { index: 0, of: 1 },
        formats: wanted ?? ['parquet'],
        progress,
        signal,
        engines,
      })
      // A run that found everything there has nothing to tell of how it came to be.
      if (finished.computed > 0)
        await writeRunRecord(
          folder,
          finished,
          { started, config: path, hash, kernels: engines.description() },
          engines.tensorflow(),
        )
      if (finished.outstanding > 0) {
        say(
          `${counted(finished.outstanding, 'unit')} of other shards ${finished.outstanding === 1 ? 'is' : 'are'} outstanding: the tables are written by the run that finds all of them, or by ohmflow merge`,
        )
        return done
      }
      if (stream !== undefined) await streamTable(workspace, finished.scores, stream, stdoutBytes)
      else await printScores(finished.scores, workspace.settingColumns, { all, json })
      const skipped = untrained(workspace)
      if (skipped.length > 0) say(`untrained: scores are at chance (random weights: ${skipped.join(', ')})`)
      const units = allUnits(workspace).length
      const reused = units - finished.computed
      say(
        `${counted(units, 'unit')} (${reused} ${reused === 1 ? 'was' : 'were'} there already), ${counted(finished.examples, 'example', grouped(finished.examples))} computed in ${spoken((Date.now() - started.getTime()) / 1000)}`,
      )
      for (const file of finished.tables) say(`  ${file}`)
      return done
    } finally {
      progress.close()
      await engines.close()
    }
  },
})
