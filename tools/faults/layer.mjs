// A file system and a clock that fail, loaded before the command (`--import`): what OHMFLOW_FAULT asks for, as JSON.
//   killAt N      the process kills itself in the middle of its N-th change of the file system (1: the first)
//   fullAfter N   no room after N bytes: a write is cut short, then every other fails
//   clock SEED    the time of day jumps by up to a year, forth and back, each time that it is asked for
//   countInto F   at its end the process writes how many changes and bytes there were
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import fsp from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { isMainThread } from 'node:worker_threads'

const { killAt, fullAfter, clock, countInto } = JSON.parse(process.env.OHMFLOW_FAULT ?? '{}')
let changes = 0
let bytes = 0

const isLast = () => ++changes === killAt
const die = () => process.kill(process.pid, 'SIGKILL')
const full = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', errno: -28 })

/** An operation that changes something: half of the times it is done before the process dies. */
const mortal = (holder, name) => {
  const original = holder[name]
  holder[name] = async function (...args) {
    if (!isLast()) return original.apply(this, args)
    if (changes % 2 === 0) await original.apply(this, args)
    return die()
  }
}

const wrapWrite = holder => {
  const original = holder.write
  holder.write = async function (data, offset = 0, length = data.length - offset, ...rest) {
    if (typeof data === 'string')
      return this.write(Buffer.from(data), 0, undefined, typeof offset === 'number' ? offset : null)
    const last = isLast()
    const room = fullAfter === undefined ? length : Math.max(0, Math.min(length, fullAfter - bytes))
    if (room === 0 && length > 0) throw full()
    const part = last ? Math.floor(room / 2) : room
    const done = await original.call(this, data, offset, part, ...rest)
    bytes += done.bytesWritten
    return last ? die() : done
  }
}

if (isMainThread) {
  const handle = await fsp.open(process.execPath)
  const prototype = Object.getPrototypeOf(handle)
  await handle.close()
  wrapWrite(prototype)
  for (const name of ['sync', 'truncate']) mortal(prototype, name)
  for (const name of ['rename', 'rm', 'mkdir', 'link', 'unlink']) mortal(fsp, name)
  const open = fsp.open
  fsp.open = async (path, flags = 'r', ...rest) => {
    if (flags !== 'r' && isLast()) die()
    if (flags !== 'r' && fullAfter !== undefined && bytes >= fullAfter) throw full()
    return open(path, flags, ...rest)
  }
  syncBuiltinESMExports()
}

if (clock !== undefined) {
  const { now } = Date
  let asked = 0
  const jump = () => {
    const word = createHash('sha256').update(`${clock} ${asked++}`).digest().readInt32LE(0)
    return Math.round((word / 2 ** 31) * 365 * 86_400_000)
  }
  Date.now = () => now() + jump()
  const Real = Date
  globalThis.Date = class extends Real {
    constructor(...args) {
      if (args.length === 0) super(Real.now())
      else super(...args)
    }
  }
}

if (countInto !== undefined && isMainThread) process.on('exit', () => writeFileSync(countInto, `${changes} ${bytes}`))
