/**
 * `npm run fuzz -- [--runs N] [--kind KIND] [--seed S] [--first N] [--seconds S] [--commands N]`: spoilt inputs of every kind, read in
 * process; `--commands N` more of each through the real command.
 */
import { parseArgs } from 'node:util'
import { throughCommand } from './command.js'
import { fuzz, type Finding } from './fuzz.js'
import { kindOf, kinds } from './kinds.js'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '2000' },
    kind: { type: 'string' },
    seed: { type: 'string', default: '1' },
    first: { type: 'string', default: '0' },
    seconds: { type: 'string', default: 'Infinity' },
    commands: { type: 'string', default: '0' },
  },
})
const options = { runs: Number(values.runs), seed: Number(values.seed), first: Number(values.first) }
const wanted = values.kind === undefined ? kinds : values.kind.split(',').map(kindOf)
const findings: Finding[] = []
const say = (text: string): boolean => process.stdout.write(`${text}\n`)

for (const { name } of wanted) {
  const started = performance.now()
  const tally = await fuzz(name, { ...options, until: 1000 * Number(values.seconds) })
  findings.push(...tally.findings)
  const seconds = ((performance.now() - started) / 1000).toFixed(0)
  say(
    `${name}: ${tally.runs} cases in ${seconds} s, ${tally.refused} refused, ${tally.accepted} accepted, ${tally.findings.length} wrong`,
  )
  const seen = new Set<string>()
  for (const { index, what } of tally.findings) {
    const kindOfFault = what.replaceAll(/\d+/g, '0').slice(0, 80)
    if (seen.has(kindOfFault)) continue
    seen.add(kindOfFault)
    say(`  --kind ${name} --seed ${options.seed} --first ${index} --runs 1: ${what.slice(0, 600)}`)
  }
}
for (const kind of wanted) {
  const more = await throughCommand(kind, { ...options, runs: Number(values.commands) })
  findings.push(...more)
  for (const { index, what } of more) say(`  the command, ${kind.name} ${index}: ${what.slice(0, 600)}`)
}
if (Number(values.commands) > 0) say(`through the command: ${values.commands} of each kind that one reads`)
say(findings.length === 0 ? 'nothing found' : `${findings.length} found`)
process.exit(findings.length === 0 ? 0 : 1)
