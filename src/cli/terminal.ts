/** The two streams a command talks to: stdout carries data, stderr messages. Writes wait when the reader is slow. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { ByteSink } from '../io/atomicFile.js'

/** The reader of our output is gone (`| head`): nothing more to say, and no fault. */
export class ReaderGone extends Error {
  override readonly name = 'ReaderGone'
}

const isGone = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EPIPE'

const writeTo = async (stream: Writable, chunk: string | Uint8Array): Promise<void> => {
  try {
    if (!stream.write(chunk)) await once(stream, 'drain')
  } catch (error) {
    throw isGone(error) ? new ReaderGone() : error
  }
}

// A broken pipe is reported by the write that meets it; without a listener it would end the process.
process.stdout.on('error', (error: unknown) => {
  if (isGone(error)) process.exit(0)
})

/** Data for the next program. */
export const print = (text: string): Promise<void> => writeTo(process.stdout, text)

export const printLine = (text: string): Promise<void> => print(`${text}\n`)

export const stdoutBytes: ByteSink = { write: bytes => writeTo(process.stdout, bytes) }

/** A message for the person at the terminal. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`)
}

/** Whether stderr is a terminal that may be redrawn and coloured. */
export const lively = (): boolean => process.stderr.isTTY && process.env.NO_COLOR === undefined
