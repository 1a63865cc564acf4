/**
 * Thrift's compact protocol, as far as Parquet's footer and page headers use it, walked over with bounds: before a decoder
 * that trusts lengths is let loose on it. Whatever that decoder might read as another number is refused: integers beyond
 * their type's bits, fields that come twice. Not modelled: maps, sets.
 */

/**
 * A value: a number of up to 32 bits, a bigint of 64, a truth, text as its bytes, a list, a structure; null for a double.
 * So a number is one of Thrift's small integers, and nothing else.
 */
export type Value = number | bigint | boolean | Uint8Array | null | readonly Value[] | Structure

/** Fields by their number. */
export interface Structure {
  readonly fields: ReadonlyMap<number, Value>
  /** The byte after it. */
  readonly end: number
}

export const isStructure = (value: Value | undefined): value is Structure =>
  typeof value === 'object' && value !== null && 'fields' in value

/** What is wrong with it, in words; a problem of the file. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/** The end of the bytes came first: more of them may help. */
export class CutShort extends Malformed {
  override readonly name = 'CutShort' as 'Malformed' // as: a kind of it
}

/** Shared: of empty structures, a byte each, there may be many. */
const none: ReadonlyMap<number, Value> = new Map()
/** Parquet's own nest five deep. */
const deepest = 16
/** Groups of seven bits, at most, of integers of 32 and 64 bits. */
const groups = { 32: 5, 64: 10 } as const
/** Numbers of fields that Thrift has. */
const mostField = 32_767

/**
 * The structure that begins at `start`.
 * @param most values in all, fields and elements together
 * @throws Malformed or CutShort
 */
export const structureAt = (bytes: Uint8Array, start: number, most: number): Structure => {
  let at = start
  let values = 0
  const count = (more: number): void => {
    values += more
    if (values > most) throw new Malformed(`more than ${most} values`)
  }
  const byte = (): number => {
    const value = bytes[at++]
    if (value === undefined) throw new CutShort('a structure that goes on after its end')
    return value
  }
  const take = (count: number): Uint8Array => {
    if (count > bytes.length - at) throw new CutShort(`${count} bytes where ${bytes.length - at} are left`)
    return bytes.subarray(at, (at += count))
  }
  const unsigned = (bits: 32 | 64): bigint => {
    let value = 0n
    for (let i = 0; i < groups[bits]; i++) {
      const group = byte()
      value |= BigInt(group & 0x7f) << BigInt(7 * i)
      if (group >= 0x80) continue
      if (value >> BigInt(bits) === 0n) return value
      break
    }
    throw new Malformed(`an integer of more than ${bits} bits`)
  }
  const small = (): number => Number(unsigned(32))
  const signed = (bits: 32 | 64): bigint => {
    const value = unsigned(bits)
    return (value >> 1n) ^ -(value & 1n)
  }
  const list = (depth: number): readonly Value[] => {
    const head = byte()
    const type = head & 0x0f
    const size = head >> 4 === 15 ? small() : head >> 4
    // Every element takes a byte at least.
    if (size > bytes.length - at) throw new CutShort(`a list of ${size} in ${bytes.length - at} bytes`)
    count(size)
    const items: Value[] = []
    for (let i = 0; i < size; i++) items.push(type === 1 || type === 2 ? byte() === 1 : element(type, depth))
    return items
  }
  const element = (type: number, depth: number): Value => {
    if (depth > deepest) throw new Malformed(`structures nested more than ${deepest} deep`)
    switch (type) {
      case 1:
        return true
      case 2:
        return false
      case 3:
        return (byte() << 24) >> 24
      case 4:
      case 5:
        return Number(signed(32))
      case 6:
        return signed(64)
      case 7:
        take(8)
        return null
      case 8:
        return take(small())
      case 9:
        return list(depth + 1)
      case 12:
        return structure(depth + 1)
      default:
        throw new Malformed(`a value of type ${type}`)
    }
  }
  const structure = (depth: number): Structure => {
    let fields: Map<number, Value> | null = null
    let id = 0
    for (;;) {
      const head = byte()
      const type = head & 0x0f
      if (type === 0) return { fields: fields ?? none, end: at }
      fields ??= new Map()
      id = head >> 4 === 0 ? Number(signed(32)) : id + (head >> 4)
      if (!(id > 0 && id <= mostField)) throw new Malformed(`a field of number ${id}`)
      if (fields.has(id)) throw new Malformed(`field ${id} twice`)
      count(1)
      fields.set(id, element(type, depth))
    }
  }
  return structure(0)
}
