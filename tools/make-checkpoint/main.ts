/**
 * `npm run make-checkpoint -- DIR [--vocabulary N] [--seed N] [--tokenizer DIR]`: an untrained checkpoint of RoBERTa-base's
 * shape, the same bytes every time.
 */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { fail } from '../../src/domain/problem.js'
import { report } from '../../src/cli/exit.js'
import { defaults, writeCheckpoint } from './write.js'

const whole = (option: string, text: string, least: number, most: number): number => {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN
  return value >= least && value <= most
    ? value
    : fail('command line', option, `a whole number from ${least} to ${most}`, text)
}

const parsed = () => {
  try {
    const string = { type: 'string' } as const
    return parseArgs({ allowPositionals: true, options: { vocabulary: string, seed: string, tokenizer: string } })
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    return fail('command line', '', 'DIR [--vocabulary N] [--seed N] [--tokenizer DIR]', found)
  }
}

try {
  const { values, positionals } = parsed()
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) {
    fail('command line', '', 'one folder to write', `${positionals.length}`)
  } else {
    const { vocabulary = String(defaults.vocabulary), seed = String(defaults.seed), tokenizer } = values
    await writeCheckpoint(resolve(folder), {
      // The padding token's id is 1, the largest special one 2.
      vocabulary: whole('--vocabulary', vocabulary, 3, 1_000_000),
      seed: whole('--seed', seed, 0, Number.MAX_SAFE_INTEGER),
      tokenizer: tokenizer === undefined ? null : resolve(tokenizer),
    })
    process.stderr.write(`wrote ${resolve(folder)}: random weights, scores are at chance\n`)
  }
} catch (error) {
  process.exitCode = report(error)
}
