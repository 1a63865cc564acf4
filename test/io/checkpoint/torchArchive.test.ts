import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { withSource } from '../../../src/io/source.js'
import { readStoredInto } from '../../../src/io/checkpoint/stored.js'
import { readTorchArchive } from '../../../src/io/checkpoint/torchArchive.js'
import { shared } from '../../shared.js'
import { failure, folderWith } from '../fixture.js'
import { float32 } from './miniature.js'
import {
  archive,
  global,
  integer,
  joined,
  orderedDict,
  reduce,
  stateDictionary,
  tuple,
  unicode,
  view,
  zip,
  type Entry,
  type ViewOptions,
} from './torchArchive.js'

const a = float32('a', [2, 3])
const b = float32('b', [4])

const fileOf = (bytes: Uint8Array): string => join(folderWith({ 'pytorch_model.bin': bytes }), 'pytorch_model.bin')

const refused = (bytes: Uint8Array): Promise<string> => failure(readTorchArchive(fileOf(bytes)))

const withPickle = (pickle: Uint8Array): Uint8Array =>
  zip([
    { name: 'model/data.pkl', data: pickle },
    { name: 'model/data/0', data: a.bytes },
  ])

const values = async (bytes: Uint8Array, name: string): Promise<readonly number[]> => {
  const tensor = (await readTorchArchive(fileOf(bytes))).get(name)
  if (tensor === undefined) throw new Error(`no tensor ${name}`)
  const out = new Float32Array(tensor.shape.reduce((x, y) => x * y, 1))
  await withSource(tensor.file, source => readStoredInto(source, tensor, out))
  return [...out]
}

const numbers = (listed: { bytes: Uint8Array }): readonly number[] => [
  ...new Float32Array(new Uint8Array(listed.bytes).buffer),
]

describe('a torch archive', () => {
  it('gives names, types, shapes and values', async () => {
    const bytes = zip(archive([a, b]))
    const tensors = await readTorchArchive(fileOf(bytes))
    expect([...tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['a', 'F32', [2, 3]],
      ['b', 'F32', [4]],
    ])
    expect(await values(bytes, 'a')).toEqual(numbers(a))
    expect(await values(bytes, 'b')).toEqual(numbers(b))
  })

  it('may use 64-bit sizes and places', async () => {
    const bytes = zip(
      archive([a, b]).map(entry => ({ ...entry, large: true })),
      true,
    )
    expect(await values(bytes, 'b')).toEqual(numbers(b))
  })

  it('may hold views at an offset, plain dictionaries, parameters and integer buffers', async () => {
    const parameter = reduce(
      global('torch._utils', '_rebuild_parameter'),
      view('F32', [4], { elements: 6, first: 2 }),
      Uint8Array.of(0x88),
      orderedDict,
    )
    const plain = joined(0x80, 2, '}', unicode('p'), parameter, 's', unicode('i'), view('I64', [3]), 's', '.')
    expect(await values(withPickle(plain), 'p')).toEqual(numbers(a).slice(2))
    expect((await readTorchArchive(fileOf(withPickle(plain)))).get('i')?.dtype).toBe('I64')
  })

  it('may have axes of one element with any stride', async () => {
    const bytes = withPickle(stateDictionary([['a', view('F32', [1, 6, 1], { strides: [9, 1, 7] })]]))
    expect(await values(bytes, 'a')).toEqual(numbers(a))
  })

  it('is refused in a truncated file, wherever it is cut', async () => {
    const whole = zip(archive([a, b]))
    for (let size = 0; size < whole.length; size += 7) {
      expect(await refused(whole.subarray(0, size))).toMatch(/expected a zip archive/)
    }
  })

  const entries = archive([a, b])
  const changed = (name: string, change: Partial<Entry>): Uint8Array =>
    zip(entries.map(entry => (entry.name === name ? { ...entry, ...change } : entry)))
  it.each([
    [
      'compressed',
      changed('model/data/1', { method: 8 }),
      'entry model/data/1: expected stored data, found compression',
    ],
    [
      'encrypted',
      changed('model/data/1', { flags: 1 }),
      'entry model/data/1: expected stored data, found encrypted data',
    ],
    [
      'twice there',
      zip([...entries, ...entries.slice(-1)]),
      'entry model/data/1: expected every name once, found it twice',
    ],
    [
      'renamed',
      changed('model/data/1', { localName: 'x' }),
      'model/data/1: expected the same name in its local header',
    ],
    ['too long', changed('model/data/1', { size: 1e9 }), 'model/data/1: expected data before the directory at'],
    [
      'over another',
      changed('model/data/0', { size: a.bytes.length + 8 }),
      'entry model/data/1: expected entries side by side, found it over another',
    ],
    [
      'of another length than its storage',
      changed('model/data/1', { data: new Uint8Array(12) }),
      'tensor b: expected a storage of 4 elements of F32, found 12 bytes in model/data/1',
    ],
    ['absent', zip(entries.slice(0, -1)), 'tensor b: expected its storage model/data/1 in the archive, found no such'],
    [
      'big-endian',
      changed('model/byteorder', { data: Buffer.from('big') }),
      'model/byteorder: expected little, found big',
    ],
    ['without a pickle', zip(entries.slice(1)), 'expected an archive of torch.save with one data.pkl, found 0 of them'],
  ])('is refused when an entry is %s', async (_, bytes, message) => {
    expect(await refused(bytes)).toContain(message)
  })

  it('is refused when its end record or directory lies', async () => {
    const whole = Buffer.from(zip(entries))
    const end = whole.length - 22
    const spoilt = (at: number, value: number): Promise<string> => {
      const copy = Buffer.from(whole)
      copy.writeUInt32LE(value, at)
      return refused(copy)
    }
    const directory = whole.readUInt32LE(end + 16)
    expect(await spoilt(end + 16, directory + 1)).toContain('zip directory: expected a directory before the end record')
    expect(await spoilt(end + 16, directory - 1)).toContain('zip directory: expected an entry at byte')
    expect(await spoilt(end + 12, 46)).toContain('zip directory: expected entries inside the directory')
    expect(await spoilt(end + 16, 0xffffffff)).toContain('zip64 end record: expected its locator before the end record')
    expect(await spoilt(end + 8, 0x00010000)).toContain('zip directory: expected 1 entries, found 4')
    expect(await spoilt(directory + 42, 3)).toContain('entry model/data.pkl: expected its local header at byte 3')
    expect(await spoilt(directory + 42, 0x7fffffff)).toContain(
      'entry model/data.pkl: expected 30 bytes from byte 2147483647',
    )
    expect(await spoilt(end + 4, 1)).toContain('expected an archive in one file')
  })

  it('is refused when its 64-bit records lie', async () => {
    const whole = Buffer.from(zip(entries, true))
    const record = whole.length - 22 - 76
    const spoilt = (at: number, value: bigint): Promise<string> => {
      const copy = Buffer.from(whole)
      copy.writeBigUInt64LE(value, at)
      return refused(copy)
    }
    expect(await spoilt(record + 48, 2n ** 63n)).toContain('zip64 end record: expected at most the file')
    expect(await spoilt(record + 40, 2n ** 40n)).toContain('zip64 end record: expected at most the file')
    expect(await spoilt(record + 64, 0n)).toContain('zip64 end record: expected its signature at byte 0')
  })
})

describe('the pickle of a torch archive', () => {
  const withView = (options: ViewOptions, shape: readonly number[] = [2, 3], dtype = 'F32'): Uint8Array =>
    stateDictionary([['a', view(dtype, shape, options)]])
  const dictionary = (...body: (number | string | Uint8Array)[]): Uint8Array => joined(0x80, 2, ...body, '.')

  const system = reduce(global('os', 'system'), unicode('touch /tmp/pwned'))
  it.each<[string, Uint8Array, string]>([
    ['os.system', stateDictionary([['a', system]]), 'found the global os.system'],
    ['builtins.eval', stateDictionary([['a', global('builtins', 'eval')]]), 'found the global builtins.eval'],
    ['a method of an object', stateDictionary([['a', global('__proto__', 'x')]]), 'found the global __proto__.x'],
    [
      'a global by the stack',
      dictionary(unicode('posix'), unicode('system'), 0x93),
      'model/data.pkl: expected nothing but tensors, parameters and ordered dictionaries, found the global posix.system',
    ],
    [
      'another function of torch',
      stateDictionary([['a', global('torch._utils', '_rebuild_qtensor')]]),
      'found the global torch._utils._rebuild_qtensor',
    ],
    ['another storage', withView({ storageClass: 'QInt8Storage' }), 'found the global torch.QInt8Storage'],
    ['INST', dictionary('(i', 'os\nsystem\n'), 'byte 3: expected an opcode of a state dictionary, found opcode 0x69'],
    ['OBJ', dictionary('(', orderedDict, 'o'), 'found opcode 0x6f'],
    ['NEWOBJ', dictionary(global('collections', 'OrderedDict'), ')', 0x81), 'found opcode 0x81'],
    ['an extension', dictionary(0x82, 1), 'byte 2: expected an opcode of a state dictionary, found opcode 0x82'],
    ['a persistent id in text', dictionary('P0\n'), 'found opcode 0x50'],
    [
      'BUILD of an inner object',
      stateDictionary([['a', joined(orderedDict, '}b')]]),
      'expected BUILD right before STOP only',
    ],
    [
      'BUILD of a function',
      dictionary(global('torch._utils', '_rebuild_tensor_v2'), '}', unicode('name'), integer(1), 's', 'b'),
      'expected a well-formed state dictionary',
    ],
    ['a call of a class that is only named', dictionary(reduce(global('torch', 'FloatStorage'))), 'not a function'],
    ['a call of text', dictionary(reduce(unicode('x'))), 'not a function'],
    ['arguments for OrderedDict', dictionary(reduce(global('collections', 'OrderedDict'), tuple())), 'with arguments'],
    [
      'a tensor of no storage',
      dictionary(reduce(global('torch._utils', '_rebuild_tensor_v2'), integer(0))),
      'arguments of _rebuild_tensor_v2 that are not',
    ],
    ['a persistent id that is no storage', dictionary(unicode('x'), 'Q'), 'a persistent id that is not a storage'],
    [
      'a name twice',
      stateDictionary([
        ['a', view('F32', [6])],
        ['a', view('F32', [6])],
      ]),
      'found the key a twice',
    ],
    ['a value that is no tensor', stateDictionary([['epoch', integer(3)]]), 'data.pkl: epoch: expected a tensor'],
    [
      'a key that is no text',
      dictionary('}', integer(3), view('F32', [6]), 's'),
      'expected names as keys, found the key 3',
    ],
    ['no dictionary', dictionary(view('F32', [6])), 'expected a state dictionary, found a pickle of something else'],
    ['an empty stack', dictionary(), 'expected a state dictionary'],
    ['an unbalanced tuple', dictionary('t'), 'expected a well-formed state dictionary'],
    [
      'text beyond its end',
      dictionary('X', 0xff, 0xff, 0xff, 0x7f),
      'expected a whole pickle, found its end inside an',
    ],
    ['a global without an end', dictionary('cos'), 'expected a whole pickle'],
    ['no STOP', joined(0x80, 2, '}'), 'byte 3: expected STOP, found the end of the pickle'],
    ['bytes after STOP', dictionary('}.}'), 'byte 4: expected nothing after STOP, found 2 bytes'],
    ['long integers', dictionary(0x8a, 8, new Uint8Array(8)), 'expected integers of at most 6 bytes'],
    [
      'a transposed tensor',
      withView({ strides: [1, 2] }),
      'tensor a: expected a contiguous tensor, found strides [1, 2] for [2, 3]',
    ],
    ['a broadcast tensor', withView({ strides: [0, 1] }), 'tensor a: expected a contiguous tensor'],
    ['fewer strides than axes', withView({ strides: [1] }), 'found a size of 2 axes with 1 strides'],
    [
      'a view over the end of its storage',
      withView({ elements: 6, first: 1 }),
      'tensor a: expected elements within its storage of 6, found elements 1 to 7',
    ],
    ['a negative offset', withView({ first: 0xffffffff }), 'arguments of _rebuild_tensor_v2 that are not'],
    [
      'a storage that climbs out',
      withView({ key: '../data.pkl' }),
      'expected its storage model/data/../data.pkl in the',
    ],
    [
      'a storage shorter than it says',
      withView({ elements: 7 }),
      'expected a storage of 7 elements of F32, found 24 bytes',
    ],
  ])('is refused with %s', async (_, pickle, message) => {
    expect(await refused(withPickle(pickle))).toContain(message)
  })

  it('is never acted on: nothing reaches the prototypes that all objects share', async () => {
    const dict = joined('}', unicode('__proto__'), '}', unicode('polluted'), integer(1), 's', 's')
    expect(await refused(withPickle(dictionary(']', dict, 'b')))).toContain('expected a state dictionary')
    expect('polluted' in {}).toBe(false)
    expect('polluted' in []).toBe(false)
  })

  it('is refused in every prefix of a real one', async () => {
    const file = shared('data/reference/tiny-roberta/pytorch_model.bin')
    const tensors = await readTorchArchive(file)
    const whole = readFileSync(file)
    const start = whole.indexOf(Buffer.from([0x80, 2, 0x63]))
    expect(tensors.size).toBe(57)
    for (let size = 0; size < 600; size += 13) {
      expect(await refused(withPickle(whole.subarray(start, start + size)))).toMatch(/data\.pkl: byte/)
    }
  })
})
