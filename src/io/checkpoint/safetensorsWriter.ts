/**
 * Writes safetensors files, byte for byte as the Hugging Face library does: tensors by name, header padded to 8 bytes.
 * Not modelled: shards, element types other than F32 and F16, mixed precisions.
 */
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { Failure, problem, type Problem } from '../../domain/problem.js'
import { writeAtomically, type ByteSink } from '../atomicFile.js'
import { attempt } from '../fault.js'
import { firstNonFinite, narrowBinary16Into, width } from './precision.js'
import { elements, shownShape } from './stored.js'

export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  /**
   * Row-major; as many elements as the shape says. As a function: made piece by piece while it is written, so that a tensor
   * need not fit into memory; a piece is taken before the next is asked for, which may reuse its room.
   */
  readonly data: Float32Array | (() => Iterable<Float32Array>)
}

export interface SafetensorsOptions {
  /** Element type in the file (default F32, exact); F16 is rounded to nearest, ties to even. */
  readonly precision?: 'F32' | 'F16'
  /** Default { format: 'pt' }, which transformers asks for. */
  readonly metadata?: Readonly<Record<string, string>>
}

/** Elements written at a time: bounds the scratch memory whatever the tensor's size. */
const chunk = 2 ** 20

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const checkLength = (name: string, shape: readonly number[], length: number): void => {
  if (length !== elements(shape)) {
    throw new RangeError(`"data" expected ${shownShape(shape)} elements for ${name}, got ${length}`)
  }
}

/** Tensors in the order of the file. @throws RangeError if a name stands twice or a length differs from its shape */
const inOrder = (tensors: Iterable<Tensor>): readonly Tensor[] => {
  const sorted = [...tensors].sort((a, b) => byName(a.name, b.name))
  sorted.forEach(({ name, shape, data }, i) => {
    if (name === '__metadata__' || name === sorted[i + 1]?.name) {
      throw new RangeError(`"name" expected a name of its own for every tensor, got ${name}`)
    }
    if (typeof data !== 'function') checkLength(name, shape, data.length)
  })
  return sorted
}

const headerBytes = (
  tensors: readonly Tensor[],
  precision: 'F32' | 'F16',
  metadata: Readonly<Record<string, string>>,
): Uint8Array => {
  const about = Object.fromEntries(Object.entries(metadata).sort(([a], [b]) => byName(a, b)))
  // Joined by hand: an object would move integer-like names to the front.
  const entries = [`"__metadata__":${JSON.stringify(about)}`]
  let offset = 0
  for (const { name, shape } of tensors) {
    const end = offset + elements(shape) * width(precision)
    entries.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: precision, shape, data_offsets: [offset, end] })}`)
    offset = end
  }
  const json = new TextEncoder().encode(`{${entries.join(',')}}`)
  const padded = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(8 + padded).fill(0x20)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true)
  bytes.set(json, 8)
  return bytes
}

interface Place {
  readonly path: string
  readonly name: string
  /** Elements of the tensor before this piece. */
  readonly before: number
}

const writePiece = async (
  { path, name, before }: Place,
  sink: ByteSink,
  data: Float32Array,
  precision: 'F32' | 'F16',
): Promise<void> => {
  const refuse = (index: number): never => {
    const found = `${String(data[index])} at element ${before + index}`
    throw new Failure(problem(path, `tensor ${name}`, `values that are finite in ${precision}`, found))
  }
  const wrong = firstNonFinite(new Uint32Array(data.buffer, data.byteOffset, data.length), 0, data.length)
  if (wrong >= 0) refuse(wrong)
  for (let start = 0; start < data.length; start += chunk) {
    const part = data.subarray(start, start + chunk)
    if (precision === 'F32') {
      await sink.write(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
    } else {
      const codes = new Uint16Array(part.length)
      const overflow = narrowBinary16Into(codes, part)
      if (overflow >= 0) refuse(start + overflow)
      await sink.write(new Uint8Array(codes.buffer))
    }
  }
}

const writeData = async (path: string, sink: ByteSink, tensor: Tensor, precision: 'F32' | 'F16'): Promise<void> => {
  const { name, shape, data } = tensor
  let before = 0
  for (const piece of typeof data === 'function' ? data() : [data]) {
    await writePiece({ path, name, before }, sink, piece, precision)
    before += piece.length
  }
  checkLength(name, shape, before)
}

/**
 * Writes the tensors to `path`, whole or not at all; the same tensors give the same bytes in whatever order they come.
 * A value that is not finite in the file's precision is a Problem: no reader here would take it.
 * @throws RangeError (in the promise) if a name stands twice or a length differs from its shape
 */
export const writeSafetensors = (
  path: string,
  tensors: Iterable<Tensor>,
  options: SafetensorsOptions = {},
): TaskEither<Problem, void> =>
  attempt(path, async () => {
    const { precision = 'F32', metadata = { format: 'pt' } } = options
    const sorted = inOrder(tensors)
    await writeAtomically(path, async sink => {
      await sink.write(headerBytes(sorted, precision, metadata))
      for (const tensor of sorted) await writeData(path, sink, tensor, precision)
    })
  })
