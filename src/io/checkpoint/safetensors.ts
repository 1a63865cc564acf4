/**
 * The safetensors file format (github.com/huggingface/safetensors): 8 bytes of header length, a JSON header, the data.
 * Checked as the reference does: tensors fill the data without gap or overlap. Not modelled: sub-byte element types.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts/lib/index.js'
import { Failure, firstOf, problem } from '../../domain/problem.js'
import { accepting, decode, integer } from '../decoding.js'
import { valueOrThrow } from '../fault.js'
import { jsonOf } from '../json.js'
import { readRange, withSource, type Source } from '../source.js'
import { wholeText } from '../utf8.js'
import { elements, shownShape, type StoredTensor } from './stored.js'

/** Width in bytes of every element type the format names in whole bytes. */
const widths: Readonly<Partial<Record<string, number>>> = {
  ...{ BOOL: 1, U8: 1, I8: 1, F8_E5M2: 1, F8_E4M3: 1, F8_E8M0: 1 },
  ...{ I16: 2, U16: 2, F16: 2, BF16: 2, I32: 4, U32: 4, F32: 4, I64: 8, U64: 8, F64: 8, C64: 8 },
}

const count = integer(0, Number.MAX_SAFE_INTEGER)

const entry = t.type(
  {
    dtype: accepting('an element type', t.string.is),
    shape: t.array(count, 'a list of sizes'),
    data_offsets: accepting(
      'the first byte and the byte after the last',
      (u): u is readonly [number, number] => Array.isArray(u) && u.length === 2 && u.every(count.is),
    ),
  },
  'an object of dtype, shape and data_offsets',
)

const object = accepting('a JSON object', t.UnknownRecord.is)

const metadata = t.record(t.string, t.string, 'an object of strings')

interface Extent {
  readonly tensor: StoredTensor
  readonly begin: number
  readonly end: number
}

const extent = (file: string, name: string, value: unknown, dataOffset: number): Extent => {
  const place = `tensor ${name}`
  const { dtype, shape, data_offsets } = valueOrThrow(decode(entry, file, place)(value))
  const [begin, end] = data_offsets
  const bytes = Object.hasOwn(widths, dtype) ? widths[dtype] : undefined
  if (bytes === undefined) throw new Failure(problem(file, place, 'an element type of the format', dtype))
  const size = elements(shape) * bytes
  if (end - begin !== size) {
    const expected = `${size} bytes for ${shownShape(shape)} of ${dtype}`
    throw new Failure(problem(file, place, expected, `${end - begin} at data_offsets [${begin}, ${end}]`))
  }
  return { tensor: { file, name, dtype, shape, offset: dataOffset + begin }, begin, end }
}

/** Every byte of the data belongs to exactly one tensor. @throws Failure naming the tensor where it does not */
const checkTiling = (file: string, extents: readonly Extent[], dataSize: number): void => {
  let next = 0
  for (const { tensor, begin, end } of [...extents].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const place = `tensor ${tensor.name}`
    if (begin < next) {
      throw new Failure(problem(file, place, `its data at ${next} or after`, `at ${begin}: it overlaps another tensor`))
    }
    if (begin > next) throw new Failure(problem(file, place, `its data at ${next}`, `at ${begin}: it leaves a gap`))
    if (end > dataSize) {
      throw new Failure(
        problem(file, place, `its data within the file's ${dataSize} bytes of data`, `its end at ${end}`),
      )
    }
    next = end
  }
  if (next !== dataSize) {
    throw new Failure(problem(file, 'header', `tensors for all ${dataSize} bytes of data`, `tensors for ${next}`))
  }
}

const readHeader = async (source: Source): Promise<{ header: unknown; dataOffset: number }> => {
  const { path, size } = source
  if (size < 8) throw new Failure(problem(path, 'header', 'a safetensors file', `a file of ${size} bytes`))
  const prefix = await readRange(source, 'header length', 0, 8)
  const length = new DataView(prefix.buffer).getBigUint64(0, true)
  if (length > BigInt(size - 8)) {
    throw new Failure(problem(path, 'header length', `at most the ${size - 8} bytes that follow`, String(length)))
  }
  const bytes = await readRange(source, 'header', 8, Number(length))
  const header = pipe(
    wholeText(path, 'header', bytes),
    E.chain(text => E.mapLeft(firstOf)(jsonOf(path, 'header', text))),
  )
  return { header: valueOrThrow(header), dataOffset: 8 + Number(length) }
}

/** The tensors of a safetensors file, by name; only its header is read. @throws Failure (in the promise) */
export const readSafetensors = (path: string): Promise<ReadonlyMap<string, StoredTensor>> =>
  withSource(path, async source => {
    const { header, dataOffset } = await readHeader(source)
    const { __metadata__: about, ...entries } = valueOrThrow(decode(object, path, 'header')(header))
    if (about !== undefined) valueOrThrow(decode(metadata, path, 'header: __metadata__')(about))
    const extents = Object.entries(entries).map(([name, value]) => extent(path, name, value, dataOffset))
    checkTiling(path, extents, source.size - dataOffset)
    return new Map(extents.map(({ tensor }) => [tensor.name, tensor]))
  })
