/** `ohmflow train`: fine-tune the checkpoints of a config, each into a checkpoint of its own. */
import { command, flag, option, optional, positional, string } from 'cmd-ts'
import { join } from 'node:path'
import { counted } from '../../domain/count.js'
import { Refused } from '../../domain/problem.js'
import { orThrow } from '../../io/fault.js'
import { readCheckedTraining } from '../../pipelines/experiment/config.js'
import { runTraining, type FinishedTraining } from '../../pipelines/training/train.js'
import { prepareTraining } from '../../pipelines/training/workspace.js'
import { formatsOption, workersOption } from '../arguments.js'
import { grouped, spoken } from '../columns.js'
import { done } from '../exit.js'
import { opening, terminalProgress } from '../progress.js'
import { writeRecord, type About } from '../record.js'
import { evaluationTable } from '../scoreTables.js'
import { interruptSignal } from '../signal.js'
import { print, printLine, say } from '../terminal.js'

const writeTrainRecord = (out: string, { effort }: FinishedTraining, about: About): Promise<void> =>
  writeRecord(out, about, {
    tasks: effort.map(({ task, steps, tokens, seconds }) => ({
      ...{ task, stepsComputed: steps, tokens, stepSeconds: seconds },
      tokensPerSecond: seconds === 0 ? null : tokens / seconds,
    })),
  })

export const train = command({
  name: 'train',
  description:
    "Fine-tune the checkpoints of a config's tasks, with its `train` settings, each into a checkpoint of its own",
  examples: [
    {
      description: 'Every task of a config; the checkpoints lie in models/TASK, which `run` and `predict` take',
      command: 'ohmflow train mrpc.json --out models',
    },
    {
      description: 'After Ctrl-C or a crash: the same command goes on from the last state, to the same bytes',
      command: 'ohmflow train mrpc.json --out models --workers 2',
    },
    {
      description: 'The scores after each epoch as JSON lines; the last line says where the checkpoints lie',
      command: "ohmflow train mrpc.json --out models --json | jq 'select(.metric)'",
    },
  ],
  args: {
    config: positional({ type: string, displayName: 'CONFIG', description: 'an experiment with `train`, a JSON file' }),
    out: option({
      type: optional(string),
      long: 'out',
      description: 'folder for checkpoints, states and tables (default: results/NAME-training)',
    }),
    workers: workersOption,
    formats: formatsOption,
    overwrite: flag({
      long: 'overwrite',
      description: 'write a checkpoint over another that lies in its place (default: refused)',
    }),
    json: flag({ long: 'json', description: 'print the evaluations as JSON lines, the checkpoints last' }),
  },
  handler: async ({ config: path, out, workers, formats: wanted, overwrite, json }): Promise<number> => {
    const started = new Date()
    const signal = interruptSignal()
    const read = await readCheckedTraining(path)()
    if (read._tag === 'Left') throw new Refused(read.left)
    const { config, training, hash } = read.right
    const folder = out ?? join('results', `${config.name}-training`)
    const workspace = await opening(orThrow(prepareTraining(config, training, hash, folder)))
    const progress = terminalProgress()
    try {
      const finished = await runTraining(workspace, {
        engines: { workers: workers ?? null },
        formats: wanted ?? ['parquet'],
        progress,
        signal,
        overwrite,
      })
      // A training that found everything there has nothing to tell of how it came to be.
      if (finished.effort.length > 0)
        await writeTrainRecord(folder, finished, { started, config: path, hash, kernels: finished.kernels })
      const evaluations = finished.told.flatMap(t => t.evaluations)
      const checkpoints = workspace.tasks.map(t => ({ task: t.open.source.task, checkpoint: t.folder }))
      if (json) await print([...evaluations, { checkpoints }].map(line => `${JSON.stringify(line)}\n`).join(''))
      else if (evaluations.length > 0) await printLine(evaluationTable(evaluations))
      const steps = finished.effort.reduce((sum, e) => sum + e.steps, 0)
      say(`${counted(steps, 'step', grouped(steps))} computed in ${spoken((Date.now() - started.getTime()) / 1000)}`)
      for (const { checkpoint } of checkpoints) say(`  ${checkpoint}`)
      for (const file of finished.tables) say(`  ${file}`)
      return done
    } finally {
      progress.close()
    }
  },
})
