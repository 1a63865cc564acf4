/** How a command ends, as an exit code: 0 done, 1 our fault, 2 input or command line wrong, 130 interrupted. */
import { Failure, Refused, describe } from '../domain/problem.js'
import { Interrupted } from '../pipelines/interruption.js'
import { ReaderGone, say } from './terminal.js'

export const done = 0
export const ourFault = 1
export const wrongInput = 2
export const interrupted = 130

/** The kernels' heap is spent, here or in a worker, or the system refuses its address space (a limit such as `ulimit -v`). */
const isOutOfMemory = (error: unknown): error is Error =>
  error instanceof Error && (error.name === 'HeapSpent' || error.message.includes('could not allocate memory'))

/** Says what an exception means to a person. @returns the exit code */
export const report = (error: unknown): number => {
  if (error instanceof ReaderGone) return done
  if (error instanceof Interrupted) {
    say(error.message)
    return interrupted
  }
  if (error instanceof Failure || error instanceof Refused) {
    const problems = error instanceof Failure ? [error.problem] : error.problems
    for (const problem of problems) say(`ohmflow: ${describe(problem)}`)
    return wrongInput
  }
  if (isOutOfMemory(error)) {
    say(`ohmflow: memory: expected room for the model and its batches, found none: ${error.message}`)
    return wrongInput
  }
  say(
    `ohmflow: a fault of ours, please report it:\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  )
  return ourFault
}
