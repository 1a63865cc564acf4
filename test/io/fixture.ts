/** Files written for one test, and what reading them comes to. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { afterAll } from 'vitest'
import { describe, Failure, type Problem } from '../../src/domain/problem.js'

const root = mkdtempSync(join(tmpdir(), 'ohmflow-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let folders = 0

/** A fresh folder with these files (an object is written as JSON), gone after the tests of the file. */
export const folderWith = (files: Readonly<Record<string, Uint8Array | string | object>> = {}): string => {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  for (const [name, content] of Object.entries(files)) {
    const raw = typeof content === 'string' || content instanceof Uint8Array
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), raw ? content : JSON.stringify(content))
  }
  return folder
}

/** @throws Error with the problem */
export const accepted = async <A>(task: TaskEither<Problem, A>): Promise<A> => {
  const result = await task()
  if (E.isRight(result)) return result.right
  throw new Error(describe(result.left))
}

/** What is wrong, in one line. @throws Error if nothing is */
export const refusal = async <A>(task: TaskEither<Problem, A>): Promise<string> => {
  const result = await task()
  if (E.isLeft(result)) return describe(result.left)
  throw new Error('was not refused')
}

/** The same for a promise that rejects with a Failure. */
export const failure = <A>(promise: Promise<A>): Promise<string> =>
  promise.then(
    () => {
      throw new Error('was not refused')
    },
    (error: unknown) => {
      if (error instanceof Failure) return error.message
      throw error
    },
  )

/** A copy of a checkpoint in model.safetensors, in F32, with one number of a tensor replaced. @returns its folder */
export const checkpointWith = (checkpoint: string, tensor: string, index: number, value: number): string => {
  const folder = folderWith()
  cpSync(checkpoint, folder, { recursive: true })
  const path = join(folder, 'model.safetensors')
  const bytes = readFileSync(path)
  const headerBytes = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, 8 + headerBytes).toString()) as Record<
    string,
    { data_offsets: [number, number] }
  > // as: what a safetensors header is
  const [at = NaN] = header[tensor]?.data_offsets ?? []
  bytes.writeFloatLE(value, 8 + headerBytes + at + 4 * index)
  writeFileSync(path, bytes)
  return folder
}
