/** pytorch_model.bin by hand: a pickle assembler for what torch.save writes (protocol 2), and a zip writer. */
import { product, type Listed } from './miniature.js'

const bytes = (...parts: readonly (number | string | Uint8Array)[]): Uint8Array =>
  Buffer.concat(parts.map(part => (typeof part === 'number' ? Uint8Array.of(part) : Buffer.from(part))))

const uint32 = (value: number): Uint8Array => {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value)
  return out
}

export const unicode = (text: string): Uint8Array => bytes('X', uint32(Buffer.byteLength(text)), text)
export const integer = (value: number): Uint8Array => bytes('J', uint32(value))
export const tuple = (...items: readonly Uint8Array[]): Uint8Array => bytes('(', ...items, 't')
export const global = (module: string, name: string): Uint8Array => bytes('c', module, '\n', name, '\n')
export const reduce = (callee: Uint8Array, ...args: readonly Uint8Array[]): Uint8Array =>
  bytes(callee, tuple(...args), 'R')
export const orderedDict = reduce(global('collections', 'OrderedDict'))
export const joined = bytes

const storageClasses: Readonly<Record<string, string>> = {
  F32: 'FloatStorage',
  F16: 'HalfStorage',
  BF16: 'BFloat16Storage',
  F64: 'DoubleStorage',
  I64: 'LongStorage',
}

export interface ViewOptions {
  readonly key?: string
  readonly elements?: number
  readonly first?: number
  readonly strides?: readonly number[]
  readonly storageClass?: string
}

const rowMajor = (shape: readonly number[]): readonly number[] => shape.map((_, axis) => product(shape.slice(axis + 1)))

/** The pickled tensor of a storage. */
export const view = (dtype: string, shape: readonly number[], options: ViewOptions = {}): Uint8Array => {
  const { key = '0', elements = product(shape), first = 0, strides = rowMajor(shape) } = options
  const type = global('torch', options.storageClass ?? storageClasses[dtype] ?? dtype)
  const storage = bytes(tuple(unicode('storage'), type, unicode(key), unicode('cpu'), integer(elements)), 'Q')
  return reduce(
    global('torch._utils', '_rebuild_tensor_v2'),
    storage,
    integer(first),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    bytes(0x89),
    orderedDict,
  )
}

/** A pickle of a state dictionary from names to pickled values; `tail` stands before STOP. */
export const stateDictionary = (
  items: readonly (readonly [name: string, value: Uint8Array])[],
  tail: Uint8Array = new Uint8Array(0),
): Uint8Array =>
  bytes(0x80, 2, orderedDict, '(', ...items.flatMap(([name, value]) => [unicode(name), value]), 'u', tail, '.')

export interface Entry {
  readonly name: string
  readonly data: Uint8Array
  readonly method?: number
  readonly flags?: number
  /** Length the directory gives; that of the data if absent. */
  readonly size?: number
  readonly localName?: string
  /** Sizes and place in 64-bit extra fields. */
  readonly large?: boolean
}

/** A zip archive; checksums are left zero, as no reader here looks at them. */
export const zip = (entries: readonly Entry[], large = false): Uint8Array => {
  const locals: Uint8Array[] = []
  const directory: Uint8Array[] = []
  let offset = 0
  for (const { name, data, method = 0, flags = 0, size = data.length, localName = name, large: wide } of entries) {
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(method, 8)
    local.writeUInt32LE(size, 18)
    local.writeUInt32LE(size, 22)
    local.writeUInt16LE(Buffer.byteLength(localName), 26)
    local.writeUInt16LE(5, 28)
    locals.push(local, Buffer.from(localName), new Uint8Array(5), data)
    const extra = Buffer.alloc(wide ? 28 : 0)
    const record = Buffer.alloc(46)
    record.writeUInt32LE(0x02014b50, 0)
    record.writeUInt16LE(flags, 8)
    record.writeUInt16LE(method, 10)
    record.writeUInt32LE(wide ? 0xffffffff : size, 20)
    record.writeUInt32LE(wide ? 0xffffffff : size, 24)
    record.writeUInt16LE(Buffer.byteLength(name), 28)
    record.writeUInt16LE(extra.length, 30)
    record.writeUInt32LE(wide ? 0xffffffff : offset, 42)
    if (wide) {
      extra.writeUInt16LE(1, 0)
      extra.writeUInt16LE(24, 2)
      extra.writeBigUInt64LE(BigInt(size), 4)
      extra.writeBigUInt64LE(BigInt(size), 12)
      extra.writeBigUInt64LE(BigInt(offset), 20)
    }
    directory.push(record, Buffer.from(name), extra)
    offset += 30 + Buffer.byteLength(localName) + 5 + data.length
  }
  const list = Buffer.concat(directory)
  const end64 = Buffer.alloc(large ? 76 : 0)
  if (large) {
    end64.writeUInt32LE(0x06064b50, 0)
    end64.writeBigUInt64LE(BigInt(entries.length), 32)
    end64.writeBigUInt64LE(BigInt(list.length), 40)
    end64.writeBigUInt64LE(BigInt(offset), 48)
    end64.writeUInt32LE(0x07064b50, 56)
    end64.writeBigUInt64LE(BigInt(offset + list.length), 64)
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(large ? 0xffff : entries.length, 10)
  end.writeUInt32LE(large ? 0xffffffff : list.length, 12)
  end.writeUInt32LE(large ? 0xffffffff : offset, 16)
  return Buffer.concat([...locals, list, end64, end])
}

/** The entries of an archive of these tensors, a storage each. */
export const archive = (tensors: readonly Listed[]): readonly Entry[] => [
  {
    name: 'model/data.pkl',
    data: stateDictionary(
      tensors.map(({ name, dtype, shape }, i) => [name, view(dtype, shape, { key: String(i) })] as const),
      bytes('}', unicode('_metadata'), orderedDict, 's', 'b'),
    ),
  },
  { name: 'model/byteorder', data: Buffer.from('little') },
  ...tensors.map((tensor, i) => ({ name: `model/data/${i}`, data: tensor.bytes })),
]
