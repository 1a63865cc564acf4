/**
 * The lines of a UTF-8 text file, one at a time: LF or CRLF, a byte-order mark allowed, last line with or without its end.
 * Not modelled: other encodings, a lone CR as a line's end; memory is one line and one block, whatever the file's size.
 */
import { Failure, problem } from '../../domain/problem.js'
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

/** Offset of the first byte that cannot stand in UTF-8; the length if the text breaks off inside a character. */
const firstBadByte = (bytes: Uint8Array): number => {
  // The decoder says that something is wrong, not where: find the block, then go through it byte by byte.
  const block = 4096
  const coarse = fatalDecoder()
  const fine = fatalDecoder()
  let at = 0
  try {
    for (; at < bytes.length; at += block) coarse.decode(bytes.subarray(at, at + block), { stream: true })
    return bytes.length
  } catch {
    fine.decode(bytes.subarray(0, at), { stream: true })
  }
  try {
    for (; at < bytes.length; at++) fine.decode(bytes.subarray(at, at + 1), { stream: true })
    return bytes.length
  } catch {
    return at
  }
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
    const bad = content[at]
    const found =
      bad === undefined
        ? 'a character cut off at the end of the line'
        : `byte 0x${bad.toString(16).padStart(2, '0')} at position ${start + at + 1}`
    throw new Failure(problem(file, `line ${number}`, 'UTF-8 text', found))
  }
}

/** Streams the lines of a file; the file is closed when they end, fail or are left early. @throws Failure */
export async function* lines(file: string): AsyncGenerator<Line, void, undefined> {
  const { handle } = await openFile(file)
  try {
    const block = new Uint8Array(blockBytes)
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
    for (;;) {
      const read = await readNext(file, handle, block)
      if (read === 0) break
      let start = 0
      for (let end = block.indexOf(lineFeed); end >= 0 && end < read; end = block.indexOf(lineFeed, start)) {
        keep(block.subarray(start, end))
        yield decodeLine(file, number, pending.length === 1 ? block.subarray(start, end) : Buffer.concat(pending))
        number += 1
        pending = []
        pendingBytes = 0
        start = end + 1
      }
      if (start < read) keep(block.slice(start, read))
    }
    if (pendingBytes > 0) yield decodeLine(file, number, Buffer.concat(pending))
  } finally {
    await handle.close()
  }
}
