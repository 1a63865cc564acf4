/** The two streams a command talks to: stdout carries data, stderr messages. Writes wait when the reader is slow. */
import type { Writable } from 'node:stream'
import type { ByteSink } from '../io/atomicFile.js'
import { failureOf } from '../io/fault.js'

/** The reader of our output is gone (`| head`): nothing more to say, and no fault. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone'
}

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EPIPE'

/** @throws ReaderGone or Failure (in the promise) if the chunk could not be written. */
const writeTo = (stream: Writable, name: string, chunk: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.write(chunk, error => {
      if (error === null || error === undefined) resolve()
      else reject(isGone(error) ? new ReaderGone() : failureOf(name, error))
    })
  })

// Each write reports its own error; without a listener the first would end the process. Whoever closes stderr wants no messages.
process.stdout.on('error', () => undefined)
process.stderr.on('error', () => undefined)

/** Data for the next program. */
export const print = (text: string): Promise<void> => writeTo(process.stdout, 'stdout', text)

export const printLine = (text: string): Promise<void> => print(`${text}\n`)

export const stdoutBytes: ByteSink = { write: bytes => writeTo(process.stdout, 'stdout', bytes) }

/** A message for the person at the terminal. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

/** Whether stderr is a terminal that may be redrawn and coloured. */
export const lively = (): boolean =>
  process.stderr.isTTY && process.env.NO_COLOR === undefined && process.env.TERM !== 'dumb'
