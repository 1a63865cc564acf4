/** What the operating system says about a file, as a Problem a person can act on. Anything it does not say stays an exception. */
import { isLeft, left, right, type Either } from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { Failure, problem, type Problem } from '../domain/problem.js'

const meanings: Readonly<Record<string, readonly [expected: string, found: string]>> = {
  ENOENT: ['a file that exists', 'none'],
  ENOTDIR: ['a folder', 'a file in its path'],
  EISDIR: ['a file', 'a folder'],
  EEXIST: ['a folder', 'a file of that name'],
  EACCES: ['permission to use it', 'permission denied'],
  EPERM: ['permission to use it', 'operation not permitted'],
  EROFS: ['a place that can be written', 'a read-only file system'],
  ENOSPC: ['room to write', 'no space left on the device'],
  EDQUOT: ['room to write', 'the disk quota is used up'],
  EFBIG: ['a file the file system can hold', 'its size limit is reached'],
  EIO: ['a device that works', 'an input/output error'],
  EMFILE: ['a free file handle', 'too many open files'],
  ENAMETOOLONG: ['a shorter path', 'a name that is too long'],
  ELOOP: ['a path without a loop of links', 'a loop of links'],
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

/** Whether an exception says that there is nothing of that name. */
export const isAbsence = (error: unknown): boolean => codeOf(error) === 'ENOENT'

/** Whether an exception says that there is something of that name already. */
export const isPresence = (error: unknown): boolean => codeOf(error) === 'EEXIST'

/**
 * The Problem in an exception about `file`; rethrows what is neither a Failure nor the operating system's.
 * `expected` where the caller knows better what should have been there.
 */
export const problemOf = (file: string, error: unknown, expected?: string): Problem => {
  if (error instanceof Failure) return error.problem
  const meaning = meanings[codeOf(error) ?? '']
  if (meaning === undefined) throw error
  return problem(file, '', expected ?? meaning[0], meaning[1])
}

/** The same, as something to throw inside a stream. */
export const failureOf = (file: string, error: unknown, expected?: string): Failure =>
  error instanceof Failure ? error : new Failure(problemOf(file, error, expected))

/** A promise that may fail with a Failure or an error of the operating system about `file`, as a TaskEither. */
export const attempt =
  <A>(file: string, work: () => Promise<A>): TaskEither<Problem, A> =>
  () =>
    work().then(right, (error: unknown) => left(problemOf(file, error)))

/** The value, or its Problem thrown as a Failure: the way from values into a stream. */
export const valueOrThrow = <A>(result: Either<Problem, A>): A => {
  if (isLeft(result)) throw new Failure(result.left)
  return result.right
}

/** The same of a task. */
export const orThrow = async <A>(task: TaskEither<Problem, A>): Promise<A> => valueOrThrow(await task())
