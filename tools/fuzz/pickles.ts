/** Torch archives that lie: pickles with code in them, tensors that are not in their storages, entries that are not in the archive. */
import {
  archive,
  global,
  integer,
  joined,
  reduce,
  stateDictionary,
  tuple,
  unicode,
  view,
  zip,
} from '../../test/io/checkpoint/torchArchive.js'
import type { Entry } from '../../test/io/checkpoint/torchArchive.js'
import type { Listed } from '../../test/io/checkpoint/miniature.js'
import { spoiltBytes } from './bytes.js'
import type { Random } from './random.js'

/** A file that code in a pickle makes, if anybody runs it. */
export const sentinel = 'ohmflow-fuzz-was-run'

const modules = [
  'os',
  'posix',
  'builtins',
  '__builtin__',
  'subprocess',
  'torch',
  'torch._utils',
  'collections',
  '__proto__',
  'child_process',
  'fs',
  '',
]
const names = [
  'system',
  'exec',
  'eval',
  'Popen',
  'execSync',
  'constructor',
  '_rebuild_tensor_v2',
  '_rebuild_parameter',
  'OrderedDict',
  'toString',
  'require',
  '',
]
const numbers = [0, 1, 2, 3, 11, 2 ** 20, 2 ** 30, 2 ** 31 - 1, 0xffffffff, 0x80000000]
const dtypes = ['F32', 'F16', 'BF16', 'F64', 'I64', 'NoneStorage']

const some = (random: Random): readonly number[] => Array.from({ length: random.below(4) }, () => random.pick(numbers))

/** A tuple of a tuple of a tuple, each of the one before, twice: 2^depth elements if anybody wrote it out. */
const laughs = (depth: number): Uint8Array =>
  joined(')', 'q\0', ...Array.from({ length: depth }, (_, i) => joined('h', i, 'h', i, 0x86, 'q', i + 1)))

/** What may stand in a tensor's place. */
const impostors: readonly ((shape: readonly number[], random: Random) => Uint8Array)[] = [
  (_, random) => reduce(global(random.pick(modules), random.pick(names)), unicode(`touch ${sentinel}`)),
  (_, random) => reduce(global(random.pick(modules), random.pick(names))),
  (shape, random) => {
    const lied = random.chance(0.5)
    const of = lied ? some(random) : shape
    // What follows from a shape that lies would not fit into the pickle's integers.
    return view(random.pick(dtypes), of, {
      ...(lied || random.chance(0.3) ? { elements: random.pick(numbers), strides: some(random) } : {}),
      ...(random.chance(0.3) ? { first: random.pick(numbers) } : {}),
      key: random.pick(['0', '1', '2', '../0', '', 'data.pkl', '__proto__']),
    })
  },
  (_, random) => laughs(random.below(100)),
  (_, random) => joined(0x8a, random.below(256), new Uint8Array(random.below(300)).fill(random.below(256))),
  (_, random) => joined('}'.repeat(random.below(5)), 'N'),
  (_, random) => tuple(unicode('a'), integer(random.pick(numbers))),
]

/** A state dictionary in which one tensor, or one name, is no such thing. */
const lyingPickle = (tensors: readonly Listed[], random: Random): Uint8Array => {
  const which = random.below(tensors.length)
  const items = tensors.map(({ name, dtype, shape }, i): readonly [string, Uint8Array] => [
    i === which && random.chance(0.2) ? random.pick(['__proto__', '', 'constructor', tensors[0]?.name ?? '']) : name,
    i === which ? random.pick(impostors)(shape, random) : view(dtype, shape, { key: String(i) }),
  ])
  const pickle = stateDictionary(items, random.chance(0.1) ? laughs(random.below(60)) : new Uint8Array(0))
  return random.chance(0.2) ? spoiltBytes(pickle, random) : pickle
}

const lyingEntry = (entry: Entry, random: Random): Entry => {
  switch (random.below(6)) {
    case 0:
      return { ...entry, method: random.pick([8, 9, 12, 14, 93, 0xffff]) }
    case 1:
      return { ...entry, size: random.pick(numbers) }
    case 2:
      return { ...entry, flags: random.pick([1, 8, 64, 0x800, 0xffff]) }
    case 3:
      return { ...entry, localName: random.pick(['', '../x', 'x'.repeat(70)]) }
    case 4:
      return {
        ...entry,
        name: random.pick(['', '../x', 'model/data/0', 'model/../../x', '__proto__', 'a'.repeat(300)]),
      }
    default:
      return { ...entry, large: true, ...(random.chance(0.5) ? { size: random.pick(numbers) } : {}) }
  }
}

const withPickle = (entries: readonly Entry[], data: (before: Uint8Array) => Uint8Array): readonly Entry[] =>
  entries.map(entry => (entry.name.endsWith('data.pkl') ? { ...entry, data: data(entry.data) } : entry))

export const spoiltArchive = (tensors: readonly Listed[], random: Random): Uint8Array => {
  const entries = archive(tensors)
  const large = random.chance(0.2)
  switch (random.below(5)) {
    case 0:
      return spoiltBytes(zip(entries, large), random)
    case 1: {
      const which = random.below(entries.length)
      return zip(
        entries.map((entry, i) => (i === which ? lyingEntry(entry, random) : entry)),
        large,
      )
    }
    case 2:
      return zip(
        withPickle(entries, () => lyingPickle(tensors, random)),
        large,
      )
    default:
      return zip(
        withPickle(entries, before => spoiltBytes(before, random)),
        large,
      )
  }
}
