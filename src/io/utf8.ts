/**
 * Bytes that are text in UTF-8, or else the first of them that is not.
 * Not modelled: other encodings, repair.
 */
import { left, mapLeft, map, right, type Either } from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { placeIn, problem, type Problem } from '../domain/problem.js'
import { positions, shownPosition } from './position.js'

/** A byte that no UTF-8 text has there. */
export interface BadByte {
  /** From 0. */
  readonly offset: number
  /** `byte 0xff`. */
  readonly shown: string
}

const fatalDecoder = () => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Where the first character that is not UTF-8 begins; precondition: there is one. */
const firstBadByte = (bytes: Uint8Array): number => {
  // The decoder says that something is wrong, not where: find the block, then go through it byte by byte.
  const block = 4096
  const coarse = fatalDecoder()
  let start = 0
  try {
    for (; start < bytes.length; start += block) coarse.decode(bytes.subarray(start, start + block), { stream: true })
  } catch {
    // The bad byte is in the block at `start`; what that byte leaves unfinished may have begun before.
  }
  const fine = fatalDecoder()
  let good = Buffer.byteLength(fine.decode(bytes.subarray(0, start), { stream: true }))
  try {
    for (let at = start; at < bytes.length; at++)
      good += Buffer.byteLength(fine.decode(bytes.subarray(at, at + 1), { stream: true }))
  } catch {
    // `good` stands after the last whole character.
  }
  return good
}

const decoder = fatalDecoder()

/** The text as it stands there, a byte-order mark included. */
export const decodeUtf8 = (bytes: Uint8Array): Either<BadByte, string> => {
  try {
    return right(decoder.decode(bytes))
  } catch {
    const offset = firstBadByte(bytes)
    return left({ offset, shown: `byte 0x${(bytes[offset] ?? 0).toString(16).padStart(2, '0')}` })
  }
}

/** The whole text at `at` of a file, without a byte-order mark; refused with line and column. */
export const wholeText = (file: string, at: string, bytes: Uint8Array): Either<Problem, string> =>
  pipe(
    decodeUtf8(bytes),
    map(text => (text.startsWith('\uFEFF') ? text.slice(1) : text)),
    mapLeft(({ offset, shown }) => {
      const before = decoder.decode(bytes.subarray(0, offset))
      const [position] = positions(before, [before.length]).map(shownPosition)
      return problem(file, placeIn(at, position ?? ''), 'UTF-8 text', `${shown} at offset ${offset}`)
    }),
  )
