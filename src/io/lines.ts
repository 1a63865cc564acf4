/**
 * The lines of a UTF-8 text file, one at a time: LF or CRLF, a byte-order mark allowed, last line with or without its end.
 * Not modelled: other encodings, a lone CR as a line's end; memory is one line and one block, whatever the file's size.
 */
import { isRight } from 'fp-ts/lib/Either.js'
import { Failure, problem } from '../domain/problem.js'
import { blocks, openSource } from './source.js'
import { decodeUtf8 } from './utf8.js'

export interface Line {
  /** From 1. */
  readonly number: number
  readonly text: string
}

const blockBytes = 1 << 16
/** A longer line is refused: no GLUE row comes near it, and a file without line ends must not fill the memory. */
export const maxLineBytes = 1 << 24

const lineFeed = 0x0a
const carriageReturn = 0x0d
const byteOrderMark = [0xef, 0xbb, 0xbf] as const

/** Decodes one line without its end. @throws Failure naming the line and the byte that is not UTF-8. */
const decodeLine = (file: string, number: number, bytes: Uint8Array): Line => {
  const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length
  const start = number === 1 && byteOrderMark.every((b, i) => bytes[i] === b) ? byteOrderMark.length : 0
  const content = bytes.subarray(start, end)
  const text = decodeUtf8(content)
  if (isRight(text)) return { number, text: text.right }
  const found = `${text.left.shown} at position ${start + text.left.offset + 1}`
  throw new Failure(problem(file, `line ${number}`, 'UTF-8 text', found))
}

/** Lines that arrived together in one block. */
export type Arrival = readonly Line[]

/**
 * The lines of a stream of blocks, those of each block together, so that what is there need not wait for more.
 * @throws Failure at the first line that is too long or not UTF-8, after the lines before it
 */
export async function* arrivals(file: string, blocks: AsyncIterable<Uint8Array>): AsyncGenerator<Arrival> {
  let number = 1
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  const keep = (part: Uint8Array): void => {
    pendingBytes += part.length
    if (pendingBytes > maxLineBytes) {
      throw new Failure(problem(file, `line ${number}`, `at most ${maxLineBytes} bytes in a line`, 'a longer line'))
    }
    pending.push(part)
  }
  const take = (): Line => {
    const line = decodeLine(
      file,
      number,
      pending.length === 1 && pending[0] !== undefined ? pending[0] : Buffer.concat(pending),
    )
    number += 1
    pending = []
    pendingBytes = 0
    return line
  }
  for await (const block of blocks) {
    const arrived: Line[] = []
    try {
      let start = 0
      for (let end = block.indexOf(lineFeed); end >= 0; end = block.indexOf(lineFeed, start)) {
        keep(block.subarray(start, end))
        arrived.push(take())
        start = end + 1
      }
      if (start < block.length) keep(block.slice(start))
    } catch (error) {
      if (arrived.length > 0) yield arrived
      throw error
    }
    if (arrived.length > 0) yield arrived
  }
  if (pendingBytes > 0) yield [take()]
}

/** The bytes of a file, a block at a time. The file is closed at the end. @throws Failure */
async function* blocksOf(file: string): AsyncGenerator<Uint8Array> {
  const source = await openSource(file)
  try {
    yield* blocks(source, blockBytes, source.size)
  } finally {
    await source.close()
  }
}

/** Streams the lines of a file; the file is closed when they end, fail or are left early. @throws Failure */
export async function* lines(file: string): AsyncGenerator<Line, void, undefined> {
  for await (const arrival of arrivals(file, blocksOf(file))) yield* arrival
}
