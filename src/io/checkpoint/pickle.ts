/**
 * The pickle of a PyTorch state dictionary, as data: names, shapes, and which storage each tensor views. Nothing of it
 * is ever run: opcodes and globals outside two short lists are refused. Not modelled: any other Python object.
 */
import { types } from 'node:util'
import { Parser } from 'pickleparser'
import { Failure, problem } from '../../domain/problem.js'

/** A view of a storage of the archive: element `index` along axis i lies `strides[i]` elements further. */
export interface PickledTensor {
  readonly dtype: string
  /** Name of the storage, the file `data/<storage>` of the archive. */
  readonly storage: string
  /** Elements in the storage. */
  readonly storageElements: number
  /** First element of the tensor in its storage. */
  readonly first: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

class Storage {
  constructor(
    readonly dtype: string,
    readonly key: string,
    readonly elements: number,
  ) {
    Object.freeze(this)
  }
}

class View implements PickledTensor {
  readonly dtype: string
  readonly storage: string
  readonly storageElements: number
  constructor(
    storage: Storage,
    readonly first: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {
    this.dtype = storage.dtype
    this.storage = storage.key
    this.storageElements = storage.elements
    Object.freeze(this)
  }
}

/** A key in words; an array is not written out, for it may hold another twice, and that another twice, and so on. */
const keyShown = (key: unknown): string =>
  typeof key === 'string' || typeof key === 'number' ? String(key) : 'that is no text'

/** An ordered dictionary in which a key cannot stand twice. */
class OrderedDictionary extends Map<unknown, unknown> {
  override set(key: unknown, value: unknown): this {
    if (this.has(key)) throw new Error(`the key ${keyShown(key)} twice`)
    return super.set(key, value)
  }
}

/**
 * Length of the operand of each opcode that occurs in state dictionaries, protocols 2 to 4: a number of bytes, two lines,
 * or a text or number whose length stands in 1 or 4 bytes before it. No other opcode is let through: in particular none
 * that makes instances (INST, OBJ, NEWOBJ, NEWOBJ_EX) or names extensions (EXT1, EXT2, EXT4).
 */
const operands = new Map<number, number | 'lines' | 'counted1' | 'counted4'>([
  [0x80, 1], // PROTO
  [0x95, 8], // FRAME
  [0x28, 0], // MARK
  [0x2e, 0], // STOP
  [0x4e, 0], // NONE
  [0x88, 0], // NEWTRUE
  [0x89, 0], // NEWFALSE
  [0x4a, 4], // BININT
  [0x4b, 1], // BININT1
  [0x4d, 2], // BININT2
  [0x8a, 'counted1'], // LONG1
  [0x47, 8], // BINFLOAT
  [0x58, 'counted4'], // BINUNICODE
  [0x8c, 'counted1'], // SHORT_BINUNICODE
  [0x29, 0], // EMPTY_TUPLE
  [0x74, 0], // TUPLE
  [0x85, 0], // TUPLE1
  [0x86, 0], // TUPLE2
  [0x87, 0], // TUPLE3
  [0x5d, 0], // EMPTY_LIST
  [0x61, 0], // APPEND
  [0x65, 0], // APPENDS
  [0x7d, 0], // EMPTY_DICT
  [0x73, 0], // SETITEM
  [0x75, 0], // SETITEMS
  [0x71, 1], // BINPUT
  [0x72, 4], // LONG_BINPUT
  [0x94, 0], // MEMOIZE
  [0x68, 1], // BINGET
  [0x6a, 4], // LONG_BINGET
  [0x63, 'lines'], // GLOBAL
  [0x93, 0], // STACK_GLOBAL
  [0x51, 0], // BINPERSID
  [0x52, 0], // REDUCE
  [0x62, 0], // BUILD
])

/** Some 60 a tensor are usual. Each may make an object, many times its own size. */
const mostOpcodes = 1_000_000

const stop = 0x2e
const build = 0x62
const long1 = 0x8a

const operandLength = (bytes: Uint8Array, at: number, kind: number | 'lines' | 'counted1' | 'counted4'): number => {
  if (kind === 'counted1') return 1 + (bytes[at] ?? Infinity)
  if (kind === 'counted4') {
    const missing = at + 4 > bytes.length
    return missing ? Infinity : 4 + new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0, true)
  }
  if (kind !== 'lines') return kind
  const first = bytes.indexOf(0x0a, at)
  const second = first < 0 ? first : bytes.indexOf(0x0a, first + 1)
  return second < 0 ? Infinity : second + 1 - at
}

/** Walks over every opcode before any is interpreted. @throws Failure at the first that has no place in a state dictionary */
const checkOpcodes = (file: string, place: string, bytes: Uint8Array): void => {
  const refuse = (at: number, expected: string, found: string): Failure =>
    new Failure(problem(file, `${place}: byte ${at}`, expected, found))
  let count = 0
  for (let at = 0; at < bytes.length;) {
    if (++count > mostOpcodes) throw refuse(at, `at most ${mostOpcodes} opcodes`, 'more')
    const opcode = bytes[at] ?? 0
    const kind = operands.get(opcode)
    if (kind === undefined) throw refuse(at, 'an opcode of a state dictionary', `opcode 0x${opcode.toString(16)}`)
    const next = at + 1 + operandLength(bytes, at + 1, kind)
    if (next > bytes.length) throw refuse(at, 'a whole pickle', 'its end inside an opcode')
    if (opcode === stop) {
      if (next !== bytes.length) throw refuse(next, 'nothing after STOP', `${bytes.length - next} bytes`)
      return
    }
    // The attributes of the outermost dictionary (its _metadata); the parser would set those of any other object too.
    if (opcode === build && bytes[next] !== stop) throw refuse(at, 'BUILD right before STOP only', 'it elsewhere')
    // The parser is exact below 2^53 only.
    if (opcode === long1 && (bytes[at + 1] ?? 0) > 6) throw refuse(at, 'integers of at most 6 bytes', 'a longer one')
    at = next
  }
  throw refuse(bytes.length, 'STOP', 'the end of the pickle')
}

const isCount = (u: unknown): u is number => typeof u === 'number' && Number.isSafeInteger(u) && u >= 0
const areCounts = (u: unknown): u is readonly number[] => Array.isArray(u) && u.every(isCount)

/** Name in safetensors' terms of each storage class of module `torch`. */
const storages: ReadonlyMap<string, string> = new Map([
  ...(
    [
      ['FloatStorage', 'F32'],
      ['HalfStorage', 'F16'],
      ['BFloat16Storage', 'BF16'],
      ['DoubleStorage', 'F64'],
      ['LongStorage', 'I64'],
      ['IntStorage', 'I32'],
      ['ShortStorage', 'I16'],
      ['CharStorage', 'I8'],
      ['ByteStorage', 'U8'],
      ['BoolStorage', 'BOOL'],
    ] as const
  ).map(([name, dtype]): [string, string] => [`torch.${name}`, dtype]),
])

const rebuildTensor = (...args: readonly unknown[]): View => {
  const [storage, first, shape, strides, , , metadata] = args
  if (!(storage instanceof Storage) || !isCount(first) || !areCounts(shape) || !areCounts(strides)) {
    throw new Error('arguments of _rebuild_tensor_v2 that are not a storage, an offset, a size and a stride')
  }
  if (shape.length !== strides.length) throw new Error(`a size of ${shape.length} axes with ${strides.length} strides`)
  if (args.length > 7 || (metadata instanceof Map && metadata.size > 0)) {
    throw new Error('a tensor with a conjugate or negative bit')
  }
  return new View(storage, first, [...shape], [...strides])
}

const rebuildParameter = (...[data]: readonly unknown[]): View => {
  if (!(data instanceof View)) throw new Error('a parameter that is not a tensor')
  return data
}

const orderedDictionary = (...args: readonly unknown[]): OrderedDictionary => {
  if (args.length > 0) throw new Error('an OrderedDict with arguments')
  return new OrderedDictionary()
}

/**
 * What a global may stand for. Arrow functions, as `new` cannot be applied to them; frozen, as BUILD sets attributes.
 * A storage class is only ever named, so it is the symbol of its element type.
 */
const globals: ReadonlyMap<string, object | symbol> = new Map<string, object | symbol>([
  ['collections.OrderedDict', Object.freeze(orderedDictionary)],
  ['torch._utils._rebuild_tensor_v2', Object.freeze(rebuildTensor)],
  ['torch._utils._rebuild_parameter', Object.freeze(rebuildParameter)],
  ...[...storages].map(([name, dtype]): [string, symbol] => [name, Symbol(dtype)]),
])

const persistent = (id: unknown): Storage => {
  const [kind, type, key, , count] = Array.isArray(id) ? (id as readonly unknown[]) : [] // as: an array of anything
  if (kind !== 'storage' || typeof type !== 'symbol' || typeof key !== 'string' || !isCount(count)) {
    throw new Error('a persistent id that is not a storage')
  }
  return new Storage(type.description ?? '', key, count)
}

const interpret = (file: string, place: string, bytes: Uint8Array): unknown => {
  const parser = new Parser({
    nameResolver: {
      resolve: (module: unknown, name: unknown) => {
        if (typeof module !== 'string' || typeof name !== 'string') throw new Error('a global whose name is no text')
        const found = globals.get(`${module}.${name}`)
        if (found !== undefined) return found as () => unknown // as: the parser's type knows functions only
        const allowed = 'nothing but tensors, parameters and ordered dictionaries'
        throw new Failure(problem(file, place, allowed, `the global ${module}.${name}`))
      },
    },
    persistentResolver: { resolve: persistent },
    unpicklingTypeOfDictionary: 'Map',
  })
  try {
    return parser.parse<unknown>(bytes)
  } catch (error) {
    if (error instanceof Failure) throw error
    const found = error instanceof Error ? error.message : String(error)
    throw new Failure(problem(file, place, 'a well-formed state dictionary', found))
  }
}

/** The tensors of a pickled state dictionary, by name; `place` says where in `file` it stands. @throws Failure */
export const unpickleStateDictionary = (
  file: string,
  place: string,
  bytes: Uint8Array,
): ReadonlyMap<string, PickledTensor> => {
  checkOpcodes(file, place, bytes)
  const value = interpret(file, place, bytes)
  // Not instanceof: BUILD can give an object another prototype, not a Map's inside.
  if (!types.isMap(value)) {
    throw new Failure(problem(file, place, 'a state dictionary', 'a pickle of something else'))
  }
  return new Map(
    [...value].map(([name, tensor]: readonly [unknown, unknown]) => {
      if (typeof name !== 'string')
        throw new Failure(problem(file, place, 'names as keys', `the key ${keyShown(name)}`))
      if (tensor instanceof View) return [name, tensor]
      throw new Failure(problem(file, `${place}: ${name}`, 'a tensor', 'another object'))
    }),
  )
}
