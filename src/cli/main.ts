#!/usr/bin/env node
/** The `ohmflow` command. */
import { runSafely, subcommands } from 'cmd-ts'
import { fail } from '../domain/problem.js'
import { version } from '../domain/version.js'
import { calibrate } from './commands/calibrate.js'
import { device } from './commands/device.js'
import { doctor } from './commands/doctor.js'
import { inspect } from './commands/inspect.js'
import { merge } from './commands/merge.js'
import { plan } from './commands/plan.js'
import { predict } from './commands/predict.js'
import { report } from './commands/report.js'
import { run } from './commands/run.js'
import { train } from './commands/train.js'
import { done, interrupted, report as reported, wrongInput } from './exit.js'
import { say } from './terminal.js'

const ohmflow = subcommands({
  name: 'ohmflow',
  version,
  description: 'Transformer encoders on analog in-memory computing hardware: how accurate, after how long, and why',
  cmds: { run, merge, plan, calibrate, train, predict, report, inspect, device, doctor },
  examples: [
    {
      description: 'The experiment that comes with ohmflow',
      command: 'ohmflow run data/config.json --out results/default',
    },
    { description: 'What a command does and takes', command: 'ohmflow run --help' },
  ],
})

/** Options that take a value: without one, or with an empty one, the library would take them as not given. */
const valued = [
  ...['--out', '--shard', '--workers', '--formats', '--stream', '--checkpoint', '--tokenizer', '--tile'],
  ...['--config', '--method', '--at', '--times', '--g-max', '--programming', '--drift', '--read'],
  ...['--task', '--split', '--data', '--chip', '--time', '--where'],
]

const main = async (): Promise<number> => {
  const isValue = (word = ''): boolean => word !== '' && !word.startsWith('--')
  const bare = process.argv.find((word, i) => valued.includes(word) && !isValue(process.argv[i + 1]))
  if (bare !== undefined) fail('command line', bare, 'a value after it', 'none')
  const result = await runSafely(ohmflow, process.argv.slice(2))
  if (result._tag === 'ok') return result.value.value
  const { exitCode, message } = result.error.config
  if (exitCode === 0) {
    process.stdout.write(`${message}\n`)
    return done
  }
  say(message)
  return wrongInput
}

const code = await main().catch(reported)
// Threads may be at work that nobody waits for any more.
if (code === interrupted) process.exit(code)
process.exitCode = code
