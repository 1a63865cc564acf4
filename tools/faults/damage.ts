/** A file that is removed, cut short, or has a bit flipped between two runs: every file that a command leaves, each way. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { draws, type Draws } from './draws.js'
import { contentOf, difference, filesUnder } from './folder.js'
import { isOurFault, ohmflow, told, type Ended } from './process.js'
import { copyOf, type Subject } from './subject.js'

export interface Row {
  readonly fault: string
  readonly happened: string
  readonly printed: string
  readonly wrong: string | null
}

const ways = ['removed', 'cut short', 'one bit flipped'] as const

const damaged = (bytes: Buffer, way: 'cut short' | 'one bit flipped', random: Draws): Uint8Array => {
  const at = random.below(bytes.length)
  if (way === 'cut short') return bytes.subarray(0, at)
  bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
  return bytes
}

const damage = (path: string, way: (typeof ways)[number], random: Draws): void => {
  if (way === 'removed') rmSync(path)
  else writeFileSync(path, damaged(readFileSync(path), way, random))
}

/** What stands in the way is moved away, file by file as the messages name them, or trained over. */
const asTold = async (subject: Subject, out: string, first: Ended): Promise<string | null> => {
  const { command, folder } = subject
  const args = command.args(folder, out)
  let ended = first
  for (let n = 0; ended.code === 2 && n < 60; n++) {
    const named = filesUnder(out).find(path => ended.stderr.includes(`ohmflow: ${path}:`))
    const insist = command.insist !== undefined && ended.stderr.includes(command.insist)
    if (named === undefined && !insist) return `refused without saying what to do: ${ended.stderr}`
    if (named !== undefined && !insist) renameSync(named, `${folder}/moved-${basename(named)}`)
    ended = await ohmflow([...args, ...(insist ? [command.insist] : [])])
  }
  return ended.code === 0 ? difference(contentOf(out), subject.expected) : `ended with ${ended.code}: ${ended.stderr}`
}

/** Damages a random file of what a command left, one way after another. */
export const damages = async (subject: Subject, seed: number, times: number): Promise<readonly Row[]> => {
  const { command, folder } = subject
  const rows: Row[] = []
  for (const way of ways)
    for (let n = 0; n < times; n++) {
      const random = draws('damage', seed, command.name, way, n)
      const out = copyOf(subject)
      const files = filesUnder(out).filter(path => basename(path) !== 'run.json')
      // Each kind of file in its turn, so that few of them are many units.
      const kinds = [...new Set(files.map(path => path.replace(/^.*(?=\.)/, '')))]
      const kind = kinds[(n + ways.indexOf(way)) % kinds.length] ?? ''
      const own = files.filter(path => path.endsWith(kind))
      const path = own[random.below(own.length)] ?? ''
      damage(path, way, random)
      const ended = await ohmflow(command.args(folder, out))
      const wrong = isOurFault(ended)
        ? ended.stderr
        : ended.code === 0
          ? difference(contentOf(out), subject.expected)
          : await asTold(subject, out, ended)
      rows.push({
        fault: `${command.name}: ${relative(out, path).replace(/[0-9a-f]{20,}/g, h => `${h.slice(0, 6)}…`)} ${way}`,
        happened: `${ended.code === 0 ? 'redone' : 'refused (2), then as the message says'}; ${wrong === null ? 'identical' : 'NOT identical'}`,
        printed: told(ended).replaceAll(`${out}/`, ''),
        wrong,
      })
    }
  return rows
}
