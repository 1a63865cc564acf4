/**
 * One shared memory for everything the kernels touch: weights, activations, scratch; the same bytes for the TypeScript
 * reference, WebAssembly, the native addon and every worker. Not modelled: more than 4 GiB, returning pages to the system.
 */
import { webAssembly, type SharedMemory } from './webassembly.js'

/** Byte offset into the heap; 0 is never allocated and stands for "none". */
export type Ptr = number

export interface Heap {
  /** What a worker needs to attach: send it with postMessage. */
  readonly memory: SharedMemory
  /** A block aligned to 64 bytes, its contents undefined. Any thread may call. @throws HeapSpent beyond 4 GiB. */
  readonly allocate: (bytes: number) => Ptr
  /** Gives back a block from `allocate`, whichever thread allocated it. @throws RangeError if it is not one. */
  readonly free: (block: Ptr) => void
  /** Bytes in allocated blocks, with their headers. */
  readonly used: () => number
  readonly f32: (at: Ptr, length: number) => Float32Array
  readonly f64: (at: Ptr, length: number) => Float64Array
  readonly i8: (at: Ptr, length: number) => Int8Array
  readonly u8: (at: Ptr, length: number) => Uint8Array
  readonly i16: (at: Ptr, length: number) => Int16Array
  readonly i32: (at: Ptr, length: number) => Int32Array
  readonly u32: (at: Ptr, length: number) => Uint32Array
}

/** The memory cannot hold another block. */
export class HeapSpent extends RangeError {
  override readonly name = 'HeapSpent'
}

const page = 65_536
const maximumPages = 65_536
/** Blocks are counted in units of 64 bytes: 2^26 of them fit an int32. */
const unit = 64
const firstBlock = 2
/** Words of the header at byte 64: what it is, the lock, the end of the last block in units. */
const header = { at: unit / 4, magic: 0, lock: 1, end: 2 }
const magic = 0x4f686d31
/** Words of a block's header, one unit before its contents: its length with the header, in units; whether it is taken. */
const block = { units: 0, state: 1 }
const taken = 0x7461_6b6e
const vacant = 0x6672_6565

/** A fresh heap. @throws RangeError if the system refuses the address space. */
export const createHeap = (): Heap => {
  const memory = new webAssembly.Memory({ initial: 16, maximum: maximumPages, shared: true })
  const words = new Int32Array(memory.buffer)
  words[header.at + header.end] = firstBlock
  Atomics.store(words, header.at + header.magic, magic)
  return attachHeap(memory)
}

/** The heap another thread created. @throws TypeError if the memory is not a heap. */
export const attachHeap = (memory: SharedMemory): Heap => {
  const head = new Int32Array(memory.buffer, unit, 4)
  if (Atomics.load(head, header.magic) !== magic) throw new TypeError('heap: expected a memory made by createHeap')

  const bufferOver = (at: Ptr, bytes: number): SharedArrayBuffer => {
    // Another thread may have grown the memory; growing by nothing makes this thread see it.
    if (at + bytes > memory.buffer.byteLength) memory.grow(0)
    return memory.buffer
  }
  const units = (at: number): Int32Array => new Int32Array(bufferOver(at * unit, unit), at * unit, 2)

  const locked = <T>(work: () => T): T => {
    // Held for microseconds, so spinning is enough, and browsers forbid waiting on their main thread.
    while (Atomics.compareExchange(head, header.lock, 0, 1) !== 0);
    try {
      return work()
    } finally {
      Atomics.store(head, header.lock, 0)
    }
  }

  /** First vacant run of blocks that fits, merged and split; null if there is none. */
  const reuse = (need: number): number | null => {
    const end = head[header.end] ?? 0
    for (let at = firstBlock; at < end;) {
      const b = units(at)
      let size = b[block.units] ?? 0
      if (b[block.state] === vacant) {
        for (let next = at + size; next < end; next = at + size) {
          const n = units(next)
          if (n[block.state] !== vacant) break
          size += n[block.units] ?? 0
        }
        if (at + size === end) {
          head[header.end] = at
          return null
        }
        b[block.units] = size
        if (size >= need) {
          if (size > need) units(at + need).set([size - need, vacant])
          b.set([need, taken])
          return at
        }
      }
      at += size
    }
    return null
  }

  const append = (need: number): number => {
    const at = head[header.end] ?? 0
    const bytes = (at + need) * unit
    const missing = Math.ceil((bytes - bufferOver(at * unit, need * unit).byteLength) / page)
    if (missing > 0) {
      if (bytes > maximumPages * page)
        throw new HeapSpent(`heap: expected at most 4 GiB in use, found ${bytes} bytes needed`)
      const room = maximumPages - memory.buffer.byteLength / page
      // An eighth more than needed, so that many small blocks do not grow it each.
      const generous = Math.min(room, missing + Math.ceil(memory.buffer.byteLength / page / 8))
      try {
        memory.grow(generous)
      } catch (cause) {
        throw new HeapSpent(`heap: expected ${generous * page} more bytes from the system, found none`, { cause })
      }
    }
    units(at).set([need, taken])
    head[header.end] = at + need
    return at
  }

  return {
    memory,
    allocate: bytes => {
      if (!(bytes >= 0)) throw new RangeError(`heap: expected a size in bytes, found ${bytes}`)
      const need = 1 + Math.max(1, Math.ceil(bytes / unit))
      return locked(() => ((reuse(need) ?? append(need)) + 1) * unit)
    },
    free: at => {
      locked(() => {
        const b = at >= (firstBlock + 1) * unit && at % unit === 0 ? units(at / unit - 1) : undefined
        if (b?.[block.state] !== taken) throw new RangeError(`heap: expected a block of this heap, found ${at}`)
        b[block.state] = vacant
      })
    },
    used: () =>
      locked(() => {
        let sum = 0
        const end = head[header.end] ?? 0
        for (let at = firstBlock; at < end;) {
          const b = units(at)
          const size = b[block.units] ?? 0
          if (b[block.state] === taken) sum += size * unit
          at += size
        }
        return sum
      }),
    f32: (at, length) => new Float32Array(bufferOver(at, length * 4), at, length),
    f64: (at, length) => new Float64Array(bufferOver(at, length * 8), at, length),
    i8: (at, length) => new Int8Array(bufferOver(at, length), at, length),
    u8: (at, length) => new Uint8Array(bufferOver(at, length), at, length),
    i16: (at, length) => new Int16Array(bufferOver(at, length * 2), at, length),
    i32: (at, length) => new Int32Array(bufferOver(at, length * 4), at, length),
    u32: (at, length) => new Uint32Array(bufferOver(at, length * 4), at, length),
  }
}
