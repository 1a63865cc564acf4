/**
 * Thrift's compact protocol, as far as Parquet's footer and page headers use it, walked over with bounds: before a decoder
 * that trusts lengths is let loose on it. Kept: integers, truths and the structures they stand in. Not modelled: maps, sets.
 */

/** A field's value; integers as numbers, exact below 2^53, and NaN for what is not kept. */
export type Value = number | boolean | Structure

/** Fields by their number. */
export interface Structure {
  readonly fields: ReadonlyMap<number, Value>
  /** The byte after it. */
  readonly end: number
}

/** What is wrong with it, in words; a problem of the file. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/** The end of the bytes came first: more of them may help. */
export class CutShort extends Malformed {
  override readonly name = 'CutShort' as 'Malformed' // as: a kind of it
}

/** Parquet's own nest five deep. */
const deepest = 16
/** Bytes of an integer of 64 bits in groups of seven. */
const longestInteger = 10

/** The structure that begins at `start`. @throws Malformed or CutShort */
export const structureAt = (bytes: Uint8Array, start: number): Structure => {
  let at = start
  const byte = (): number => {
    const value = bytes[at++]
    if (value === undefined) throw new CutShort('a structure that goes on after its end')
    return value
  }
  const skip = (count: number): void => {
    if (count > bytes.length - at) throw new CutShort(`${count} bytes where ${bytes.length - at} are left`)
    at += count
  }
  const unsigned = (): number => {
    let value = 0
    for (let i = 0; i < longestInteger; i++) {
      const group = byte()
      value += (group & 0x7f) * 2 ** (7 * i)
      if (group < 0x80) return value
    }
    throw new Malformed('an integer of more than 64 bits')
  }
  const signed = (): number => {
    const value = unsigned()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
  const list = (depth: number): void => {
    const head = byte()
    const type = head & 0x0f
    const size = head >> 4 === 15 ? unsigned() : head >> 4
    // Every element takes a byte at least.
    if (size > bytes.length - at) throw new CutShort(`a list of ${size} in ${bytes.length - at} bytes`)
    for (let i = 0; i < size; i++)
      if (type === 1 || type === 2) skip(1)
      else element(type, depth)
  }
  const element = (type: number, depth: number): Value => {
    if (depth > deepest) throw new Malformed(`structures nested more than ${deepest} deep`)
    switch (type) {
      case 1:
        return true
      case 2:
        return false
      case 3:
        return byte()
      case 4:
      case 5:
      case 6:
        return signed()
      case 7:
        skip(8)
        return NaN
      case 8:
        skip(unsigned())
        return NaN
      case 9:
        list(depth + 1)
        return NaN
      case 12:
        return structure(depth + 1)
      default:
        throw new Malformed(`a value of type ${type}`)
    }
  }
  const structure = (depth: number): Structure => {
    const fields = new Map<number, Value>()
    let id = 0
    for (;;) {
      const head = byte()
      const type = head & 0x0f
      if (type === 0) return { fields, end: at }
      id = head >> 4 === 0 ? signed() : id + (head >> 4)
      fields.set(id, element(type, depth))
    }
  }
  return structure(0)
}
