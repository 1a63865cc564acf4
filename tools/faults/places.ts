/** Places and circumstances that fail: a full disk, a folder that cannot be written, a clock that jumps, two at once. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { contentOf, difference, filesUnder, sizeOf } from './folder.js'
import { draws } from './draws.js'
import type { Row } from './damage.js'
import { isOurFault, ohmflow, told, type Ended } from './process.js'
import { afterResuming, freshOut, type Subject } from './subject.js'

/** Files that look like a half of something. */
const leftOver = (out: string): readonly string[] => filesUnder(out).filter(path => /\.(tmp|lock)$/.test(path))

const row = (fault: string, ended: Ended, wrong: string | null, out: string): Row => ({
  fault,
  happened: `exit code ${ended.code}; ${wrong === null ? 'identical after resuming' : 'NOT as it should be'}`,
  printed: told(ended).replaceAll(`${out}/`, ''),
  wrong,
})

const refusedWith = (ended: Ended, pattern: RegExp): string | null =>
  ended.code === 2 && pattern.test(ended.stderr) && !isOurFault(ended)
    ? null
    : `exit code ${ended.code}: ${ended.stderr}`

/** No room after some bytes, told by a layer under the command; then room again. */
export const fullLayer = async (subject: Subject, seed: number, times: number): Promise<readonly Row[]> => {
  const rows: Row[] = []
  for (let n = 0; n < times; n++) {
    const fullAfter = draws('full', seed, subject.command.name, n).below(subject.bytes)
    const out = freshOut(subject)
    const ended = await ohmflow(subject.command.args(subject.folder, out), { fault: { fullAfter } })
    const left = leftOver(out)
    const wrong =
      refusedWith(ended, /expected room to write, found no space left/) ??
      (left.length > 0 ? `left behind: ${left.join(', ')}` : await afterResuming(subject, out))
    rows.push(row(`${subject.command.name}: disk full after ${fullAfter} bytes (layer)`, ended, wrong, out))
  }
  return rows
}

const mount = (args: readonly string[]): boolean => {
  try {
    execFileSync('mount', args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A file system in memory with half the room that is needed, later with enough. @returns null where none can be mounted */
export const fullTmpfs = async (subject: Subject): Promise<Row | null> => {
  const place = join(subject.folder, `${subject.command.name}-tmpfs`)
  mkdirSync(place)
  const kilobytes = Math.ceil(subject.bytes / 2048 / 4) * 4
  if (!mount(['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', place])) return null
  try {
    const out = join(place, 'out')
    const ended = await ohmflow(subject.command.args(subject.folder, out))
    const left = leftOver(out)
    mount(['-o', 'remount,size=64m', place])
    const wrong =
      refusedWith(ended, /expected room to write, found no space left/) ??
      (left.length > 0 ? `left behind: ${left.join(', ')}` : await afterResuming(subject, out))
    return row(
      `${subject.command.name}: disk full (tmpfs of ${kilobytes} kB, ${sizeOf(out)} needed)`,
      ended,
      wrong,
      out,
    )
  } finally {
    execFileSync('umount', [place])
  }
}

/** A file system mounted read-only, after half of the work; root has no other that it may not write to. */
export const readOnly = async (subject: Subject): Promise<Row | null> => {
  const { command, folder } = subject
  const place = join(folder, `${command.name}-read-only`)
  mkdirSync(place)
  if (!mount(['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', place])) return null
  try {
    const out = join(place, 'out')
    await ohmflow(command.args(folder, out), { fault: { killAt: Math.floor(subject.changes / 2) } })
    const before = contentOf(out)
    mount(['-o', 'remount,ro', place])
    const ended = await ohmflow(command.args(folder, out))
    const wrote = difference(contentOf(out), before)
    mount(['-o', 'remount,rw', place])
    const wrong =
      refusedWith(ended, /expected a place that can be written, found a read-only file system/) ??
      wrote ??
      (await afterResuming(subject, out))
    return row(`${command.name}: read-only file system, half-way`, ended, wrong, out)
  } finally {
    execFileSync('umount', [place])
  }
}

/** A folder of which another user has no right to write. */
export const forbidden = async (subject: Subject): Promise<Row | null> => {
  if (process.getuid?.() !== 0) return null
  const { command, folder } = subject
  const out = freshOut(subject)
  mkdirSync(out)
  for (const path of [folder, out]) chmodSync(path, 0o755)
  const ended = await ohmflow(command.args(folder, out), { uid: 65534 })
  const wrong =
    refusedWith(ended, /expected permission to use it, found permission denied/) ?? (await afterResuming(subject, out))
  return row(`${command.name}: folder of another user`, ended, wrong, out)
}

/** The time of day jumps by up to a year either way, and the inputs are from tomorrow. */
export const jumpingClock = async (subject: Subject, seed: number): Promise<Row> => {
  const { command, folder } = subject
  const out = freshOut(subject)
  const killAt = Math.floor(subject.changes * 0.6)
  await ohmflow(command.args(folder, out), { fault: { killAt, clock: seed } })
  const tomorrow = new Date(Date.now() + 86_400_000)
  for (const path of filesUnder(join(folder, 'checkpoint'))) utimesSync(path, tomorrow, tomorrow)
  const ended = await ohmflow(command.args(folder, out), { fault: { clock: seed + 1 } })
  const wrong = ended.code === 0 && !isOurFault(ended) ? difference(contentOf(out), subject.expected) : ended.stderr
  return row(`${command.name}: clock jumps by up to a year, killed and resumed`, ended, wrong, out)
}

/** Two processes on one folder, the second at a moment of the first; one of them may refuse. */
export const twoAtOnce = async (subject: Subject, seed: number, times: number): Promise<readonly Row[]> => {
  const { command, folder, milliseconds } = subject
  const rows: Row[] = []
  for (let n = 0; n < times; n++) {
    const out = freshOut(subject)
    const late = n === 0 ? 0 : draws('two', seed, command.name, n).unit() * milliseconds
    const first = ohmflow(command.args(folder, out))
    await new Promise(resolve => setTimeout(resolve, late))
    const ended = await Promise.all([first, ohmflow(command.args(folder, out))])
    const codes = ended.map(e => e.code).join(' and ')
    const busy = ended.find(e => e.code === 2) ?? ended[1]
    const refusals = ended.filter(e => e.code === 2)
    const fault = ended.find(isOurFault)
    const wrong =
      fault !== undefined
        ? fault.stderr
        : refusals.length > 1 || refusals.some(e => !e.stderr.includes('no other process at work'))
          ? refusals.map(e => e.stderr).join()
          : (difference(contentOf(out), subject.expected) ?? (await afterResuming(subject, out)))
    rows.push({
      ...row(`${command.name}: two processes, ${(late / 1000).toFixed(1)} s apart`, busy, wrong, out),
      happened: `exit codes ${codes}; ${wrong === null ? 'identical' : 'NOT identical'}`,
    })
    if (wrong === null) rmSync(out, { recursive: true })
  }
  return rows
}
