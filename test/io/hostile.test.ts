/** Files made to harm whoever reads them: refused before anything is run, and before memory is taken by what they say. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe as group, expect, test } from 'vitest'
import { mostPasses, tooManyPasses } from '../../src/domain/experiment/available.js'
import { describe, problem } from '../../src/domain/problem.js'
import type { Row, Table } from '../../src/domain/tables/table.js'
import { findWeights } from '../../src/io/checkpoint/weights.js'
import { decodeConfig } from '../../src/io/config/config.js'
import { CutShort, Malformed, structureAt } from '../../src/io/thrift.js'
import { parseJson } from '../../src/io/json.js'
import { arrowFileSink } from '../../src/io/tables/arrow.js'
import { readTable } from '../../src/io/tables/read.js'
import { readTokenizer } from '../../src/io/tokenizer.js'
import { archive, global, joined, reduce, stateDictionary, unicode, view, zip } from './checkpoint/torchArchive.js'
import { float32, framed, safetensors, tensors } from './checkpoint/miniature.js'
import { failure, folderWith, refusal as refused } from './fixture.js'
import { parquet, refusal, sst2Columns } from './glue/fixture.js'

const bin = (pickle: Uint8Array): Promise<string> =>
  failure(findWeights(folderWith({ 'pytorch_model.bin': zip([{ name: 'm/data.pkl', data: pickle }]) })))

group('a hostile checkpoint', () => {
  test.each(['../outside.safetensors', '/etc/passwd', 'a/b', 'a\\b', '..', '.', '', 'C:x', 'a\0b'])(
    'an index that leads out of its folder: %j',
    async path => {
      const found = await failure(
        findWeights(folderWith({ 'model.safetensors.index.json': { weight_map: { 'classifier.dense.bias': path } } })),
      )
      expect(found).toContain('expected the name of a file in the same folder')
    },
  )

  test.each([2n ** 63n, 2n ** 64n - 1n, 2n ** 53n, 100_000_001n])('a header of %s bytes', async length => {
    const file = framed(new Uint8Array(16), tensors, length)
    expect(await failure(findWeights(folderWith({ 'model.safetensors': file })))).toContain(
      'header length: expected at most',
    )
  })

  test('a tensor of 2^104 elements, and one of 2^53 in no bytes', async () => {
    const lie = (shape: readonly number[]) =>
      folderWith({
        'model.safetensors': safetensors(
          [float32('a', [1])],
          header => (header['a'] = { ...(header['a'] as object), shape }),
        ),
      }) // as: an entry
    for (const shape of [[2 ** 52, 2 ** 52], [2 ** 53 - 1]])
      expect(await failure(findWeights(lie(shape)))).toMatch(/tensor a: expected \S+ bytes for/)
  })

  test('a pickle with code runs none of it', async () => {
    const sentinel = join(folderWith(), 'was run')
    const calls: readonly (readonly [string, string])[] = [
      ['os', 'system'],
      ['builtins', 'exec'],
      ['posix', 'system'],
      ['torch', 'load'],
      ['__proto__', 'constructor'],
      ['collections.OrderedDict', 'constructor'],
    ]
    for (const [module, name] of calls) {
      const call = reduce(global(module, name), unicode(`touch '${sentinel}'`))
      expect(await bin(stateDictionary([['a', call]]))).toContain(`found the global ${module}.${name}`)
    }
    expect(existsSync(sentinel)).toBe(false)
  })

  /** A tuple of a tuple of a tuple, each of the one before, twice: 2^40 elements if anybody wrote it out. */
  const laughs = joined(')', 'q\0', ...Array.from({ length: 40 }, (_, i) => joined('h', i, 'h', i, 0x86, 'q', i + 1)))

  test('a key, or the name of a global, that is 2^40 elements when written out', async () => {
    const twice = joined(0x80, 2, reduce(global('collections', 'OrderedDict')), '(', laughs, 'N', 'h', 40, 'N', 'u.')
    expect(await bin(twice)).toContain('the key that is no text twice')
    expect(await bin(joined(0x80, 2, '}', '(', laughs, 'N', 'u.'))).toContain('the key that is no text')
    expect(await bin(joined(0x80, 4, laughs, unicode('a'), 0x93, '.'))).toContain('a global whose name is no text')
  })

  test('a million objects in a byte each', async () => {
    expect(await bin(joined(0x80, 2, '}'.repeat(1_100_000), '.'))).toContain('expected at most 1000000 opcodes')
  })

  test('a storage of more elements than the archive has bytes', async () => {
    const big = view('F32', [2 ** 30], { elements: 2 ** 30 })
    const file = zip([
      { name: 'm/data.pkl', data: stateDictionary([['a', big]]) },
      { name: 'm/data/0', data: new Uint8Array(4) },
    ])
    expect(await failure(findWeights(folderWith({ 'pytorch_model.bin': file })))).toContain('expected a storage of')
  })

  test('a zip that is packed, that says it is larger than it is, or whose entries lie over each other', async () => {
    const [first, ...rest] = archive(tensors)
    if (first === undefined) throw new Error('no entries')
    const open = (file: Uint8Array): Promise<string> => failure(findWeights(folderWith({ 'pytorch_model.bin': file })))
    expect(await open(zip([{ ...first, method: 8 }, ...rest]))).toContain('compression method 8')
    expect(await open(zip([{ ...first, size: 0xfffffffe }, ...rest]))).toMatch(
      /expected data before the directory|over another/,
    )
    const whole = zip([first, ...rest])
    const at = Buffer.from(whole).indexOf('PK\u0001\u0002')
    const next = Buffer.from(whole).indexOf('PK\u0001\u0002', at + 4)
    whole.copyWithin(next + 42, at + 42, at + 46)
    expect(await open(whole)).toContain('side by side')
  })
})

group('hostile text', () => {
  test('JSON of more values than a reader should hold', () => {
    const found = (text: string): string => JSON.stringify(parseJson(text))
    expect(found(`[${'[],'.repeat(2_100_000)}0]`)).toContain('at most 2000000 objects, arrays, strings and keys')
    expect(found(`[${'1,'.repeat(12_100_000)}0]`)).toContain('at most 12000000 values')
    expect(found(`[${'1,'.repeat(1_000_000)}0]`)).toContain('"_tag":"Right"')
  })

  test('a key written a thousand times is told twenty times', () => {
    const found = parseJson(`{"a":0${',"a":1'.repeat(1000)}}`)
    expect(found._tag === 'Left' ? found.left.length : 0).toBe(20)
  })

  test('names that would move the cursor or forge a line are shown as they are written, long ones cut', () => {
    const said = describe(
      problem('a', 'tensor \u001b[2J\u001b[1;1H', 'x\nohmflow: all is well', `\u202e${'y'.repeat(10_000)}`),
    )
    expect(said).toContain('tensor \\u001b[2J\\u001b[1;1H: expected x\\u000aohmflow: all is well, found \\u202eyyy')
    expect(said.length).toBeLessThan(600)
  })

  test('a special token named as what every object has', async () => {
    const vocabulary = Object.fromEntries(['<s>', '<pad>', '</s>', '<unk>', '<mask>'].map((token, i) => [token, i]))
    for (const cls_token of ['constructor', '__proto__', 'toString'])
      expect(
        await refused(
          readTokenizer(
            folderWith({ 'vocab.json': vocabulary, 'merges.txt': '', 'special_tokens_map.json': { cls_token } }),
          ),
        ),
      ).toContain(`vocab.json: ${cls_token}: expected a special token, found none`)
  })

  test('a config of more passes than a plan can list', () => {
    const range = { rule: 'abs-max' }
    const of = (reads: number) => ({
      ...{ schema: 1, name: 'a', seed: 1, tasks: [{ task: 'sst2', checkpoint: 'c', data: 'd' }] },
      repeat: { chips: 1000, reads, times: ['0 s'] },
      methods: [{ name: 'm', columnRange: range, inputRange: range }],
    })
    const told = (reads: number, settings = 1) => {
      const config = decodeConfig('a.json', '/', of(reads))
      if (config._tag === 'Left') throw new Error(config.left.map(describe).join())
      return tooManyPasses(
        'a.json',
        Array.from({ length: settings }, () => ({ config: config.right })),
      )
    }
    expect(told(mostPasses / 1000)).toBe(null)
    expect(told(mostPasses / 1000 + 1)?.expected).toContain('at most 1000000 passes')
    // A sweep's settings count together.
    expect(told(mostPasses / 4000, 4)).toBe(null)
    expect(told(mostPasses / 4000 + 1, 4)?.found).toContain('1004000 (4 settings, of the first 1000 chips')
  })
})

group('a hostile Parquet file', () => {
  const name = 'validation-00000-of-00001.parquet'
  const withFooter = (footer: Uint8Array): string => {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(footer.length)
    return folderWith({ [name]: Buffer.concat([Buffer.from('PAR1'), footer, length, Buffer.from('PAR1')]) })
  }
  const varint = (value: number): readonly number[] =>
    value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...varint(Math.floor(value / 0x80))]

  test('a footer with a list of 2^31, an integer without end, or structures without end', async () => {
    // 0x19: field 1, a list; 0xfc: a long list of structures
    expect(await refusal('sst2', withFooter(Uint8Array.from([0x19, 0xfc, ...varint(2 ** 31), 0, 0])))).toContain(
      'a list of 2147483648',
    )
    expect(
      await refusal('sst2', withFooter(Buffer.concat([Uint8Array.of(0x16), new Uint8Array(400_000).fill(0x80)]))),
    ).toContain('an integer of more than 64 bits')
    expect(await refusal('sst2', withFooter(new Uint8Array(400_000).fill(0x1c)))).toContain('nested more than 16 deep')
  })

  /** A file whose every page header says otherwise in one place. */
  const lying = (
    from: readonly number[],
    to: readonly number[],
    codec: 'SNAPPY' | 'UNCOMPRESSED' = 'SNAPPY',
  ): string => {
    const file = Buffer.from(
      parquet(
        sst2Columns(
          Array.from({ length: 300 }, (_, i) => `text ${i}`),
          Array.from({ length: 300 }, () => 1n),
        ),
        { codec },
      ),
    )
    for (let at = file.indexOf(Uint8Array.from(from)); at >= 0; at = file.indexOf(Uint8Array.from(from), at + 1))
      file.set(to, at)
    return folderWith({ [name]: file })
  }

  test('a page of fewer than no values', async () => {
    // Field 1, in zigzag: 300 as 0xd8 0x04, -300 as 0xd7 0x04.
    expect(await refusal('sst2', lying([0x15, 0xd8, 0x04], [0x15, 0xd7, 0x04]))).toContain('a page of -300 values')
  })

  test('a page whose header says less than a decoder goes by', async () => {
    // What version 2 says of itself: 300 values, 0 nulls, 300 rows. First without the number of values, then with a byte
    // as the number of rows, then cut off after the nulls, where the decoder read for ever.
    const whole = [0x15, 0xd8, 0x04, 0x15, 0x00, 0x15, 0xd8, 0x04]
    const found = (changed: readonly number[]): Promise<string> => refusal('sst2', lying(whole, changed))
    expect(await found([0x25, 0xd8, 0x04, 0x15, 0x00, 0x15, 0xd8, 0x04])).toContain('a page of NaN values')
    expect(await found([0x15, 0xd8, 0x04, 0x15, 0x07, 0x15, 0xd8, 0x04])).toContain('-4 nulls (at most 300)')
    expect(await found([0x15, 0xd8, 0x04, 0x15, 0x00, 0x15, 0xda, 0x04])).toContain('301 rows (at most 300)')
    expect(await found([0x15, 0xd8, 0x04, 0x15, 0x00, 0x00, 0xd8, 0x04])).toContain('NaN rows (at most 300)')
  })

  test('a page that unpacks to more than it says', async () => {
    const bomb = gzipSync(new Uint8Array(1 << 24))
    const columns = sst2Columns(['a', 'b'], [1n, 0n])
    const folder = folderWith({
      [name]: parquet(columns, { codec: 'GZIP', compressors: { GZIP: () => new Uint8Array(bomb) } }),
    })
    expect(await refusal('sst2', folder)).toContain('Cannot create a Buffer larger than')
  })

  test('lengths are held against what is there', () => {
    expect(() => structureAt(Uint8Array.from([0x18, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]), 0, 9)).toThrow(CutShort)
    expect(() => structureAt(Uint8Array.from([0x1b, 0]), 0, 9)).toThrow(Malformed)
    const { fields, end } = structureAt(Uint8Array.from([0x15, 0xd8, 0x04, 0x1c, 0x15, 0x03, 0, 0]), 0, 9)
    expect([fields.get(1), end]).toEqual([300, 8])
  })
})

group('a hostile Arrow file', () => {
  const table: Table<'a'> = {
    name: 'numbers',
    columns: [{ name: 'a', type: 'int32', nullable: false, unit: '1', description: '' }],
  }
  const file = async (change: (bytes: DataView, footer: number) => unknown): Promise<string> => {
    const parts: Uint8Array[] = []
    const write = (bytes: Uint8Array): Promise<void> => Promise.resolve(void parts.push(Uint8Array.from(bytes)))
    const sink = arrowFileSink(table, new Map(), { write })
    for (let a = 0; a < 9000; a++) await sink.write({ a })
    await sink.close()
    const bytes = Uint8Array.from(Buffer.concat(parts))
    const view = new DataView(bytes.buffer)
    change(view, bytes.length - 10 - view.getUint32(bytes.length - 10, true))
    return join(folderWith({ 'a.arrow': bytes }), 'a.arrow')
  }
  const read = async (path: string): Promise<number> => {
    let sum = 0
    for await (const rows of readTable<Row<'a'>, 'a'>(path, table, ['a']))
      for (const { a } of rows) sum += typeof a === 'number' ? a : NaN
    return sum
  }
  /** Where a field of the footer stands. */
  const field = (view: DataView, footer: number, index: number): number => {
    const root = footer + view.getUint32(footer, true)
    return root + view.getUint16(root - view.getInt32(root, true) + 4 + 2 * index, true)
  }
  /** Where the footer's batches begin. */
  const batches = (view: DataView, footer: number): number => {
    const at = field(view, footer, 3)
    return at + view.getUint32(at, true) + 4
  }

  test('is read whole where it is none', async () => {
    expect(await read(await file(() => undefined))).toBe((8999 * 9000) / 2)
  })

  test.each<[string, (view: DataView, footer: number) => void]>([
    ['no ARROW1 at its beginning', view => view.setUint8(0, 0)],
    ['no ARROW1 at its end', view => view.setUint8(view.byteLength - 1, 0)],
    ['a footer of 2147483647 bytes', view => view.setInt32(view.byteLength - 10, 2 ** 31 - 1, true)],
    [
      'a structure of 65520 bytes',
      (view, footer) => {
        const root = footer + view.getUint32(footer, true)
        view.setUint16(root - view.getInt32(root, true) + 6, 0xfff0, true)
      },
    ],
    ['more than 10000 structures', (view, footer) => view.setUint32(batches(view, footer) - 4, 2 ** 31 - 1, true)],
    ['a batch at byte', (view, footer) => view.setBigInt64(batches(view, footer), 2n ** 62n, true)],
    // The second batch is the first once more, and could be so a million times.
    [
      'a batch at byte',
      (view, footer) => {
        const at = batches(view, footer)
        view.setBigInt64(at + 24, view.getBigInt64(at, true), true)
      },
    ],
    ['a message of 2147483647 bytes', view => view.setInt32(12, 2 ** 31 - 1, true)],
  ])('%s', async (said, change) => {
    const path = await file(change)
    expect(await failure(read(path))).toContain(said)
  })
})
