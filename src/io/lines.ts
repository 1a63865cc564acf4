/**
 * The lines of a UTF-8 text file, one at a time: LF or CRLF, a byte-order mark allowed, last line with or without its end.
 * Not modelled: other encodings, a lone CR as a line's end; memory is one line and one block, whatever the file's size.
 */
import { Failure, problem } from '../domain/problem.js'
import { openFile, readNext } from './handle.js'

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

/** Decodes one line without its end. @throws Failure naming the line and the byte that is not UTF-8. */
const decodeLine = (file: string, number: number, bytes: Uint8Array): Line => {
  const end = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length
  const start = number === 1 && byteOrderMark.every((b, i) => bytes[i] === b) ? byteOrderMark.length : 0
  const content = bytes.subarray(start, end)
  try {
    return { number, text: decoder.decode(content) }
  } catch {
    const at = firstBadByte(content)
    const found = `byte 0x${content[at]?.toString(16).padStart(2, '0') ?? '??'} at position ${start + at + 1}`
    throw new Failure(problem(file, `line ${number}`, 'UTF-8 text', found))
  }
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

/** The bytes of a file, a block at a time, in one buffer that is used again. The file is closed at the end. @throws Failure */
async function* blocksOf(file: string): AsyncGenerator<Uint8Array> {
  const { handle } = await openFile(file)
  try {
    const block = new Uint8Array(blockBytes)
    for (let read = await readNext(file, handle, block); read > 0; read = await readNext(file, handle, block))
      yield block.subarray(0, read)
  } finally {
    await handle.close()
  }
}

/** Streams the lines of a file; the file is closed when they end, fail or are left early. @throws Failure */
export async function* lines(file: string): AsyncGenerator<Line, void, undefined> {
  for await (const arrival of arrivals(file, blocksOf(file))) yield* arrival
}
