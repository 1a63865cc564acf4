/**
 * A tensor as it lies in a file: contiguous, row-major, little-endian; and its exact reading as float32.
 * Not modelled: strided views, integer and 8-bit weights.
 */
import { Failure, problem } from '../../domain/problem.js'
import { firstNonFinite, widenBfloat16Into, widenBinary16Into, width, type Precision } from './precision.js'
import type { Source } from '../source.js'

export interface StoredTensor {
  /** File its bytes lie in. */
  readonly file: string
  /** Its name there, with the `roberta.` prefix if there is one. */
  readonly name: string
  /** Element type by its safetensors name: F32, F16, BF16, I64, ... */
  readonly dtype: string
  readonly shape: readonly number[]
  /** First byte in the file. */
  readonly offset: number
}

/** Elements converted at a time: bounds the scratch memory at 2 MiB whatever the tensor's size. */
const chunk = 2 ** 20

export const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1)

/** `[2, 3]`. */
export const shownShape = (shape: readonly number[]): string => `[${shape.join(', ')}]`

const coordinates = (shape: readonly number[], index: number): readonly number[] => {
  const at: number[] = []
  let rest = index
  for (const size of [...shape].reverse()) {
    at.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return at
}

/** The element type, if weights may have it. @throws Failure naming the tensor */
export const precisionOf = (tensor: StoredTensor): Precision => {
  const { dtype } = tensor
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return dtype
  throw new Failure(problem(tensor.file, `tensor ${tensor.name}`, 'weights in F32, F16 or BF16', dtype))
}

/**
 * Reads a tensor into `out`, converted exactly to float32; `out` may lie in shared memory. After a failure `out` is undefined.
 * @throws RangeError if `out` has not as many elements as the tensor
 * @throws Failure (in the promise) if the file ends too early or a weight is not finite
 */
export const readStoredInto = async (source: Source, tensor: StoredTensor, out: Float32Array): Promise<void> => {
  const total = elements(tensor.shape)
  if (out.length !== total) {
    throw new RangeError(`"out" expected ${total} elements for ${tensor.name}, got ${out.length}`)
  }
  const precision = precisionOf(tensor)
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length)
  const codes = new Uint16Array(precision === 'F32' ? 0 : Math.min(chunk, total))
  for (let start = 0; start < total; start += chunk) {
    const count = Math.min(chunk, total - start)
    const offset = tensor.offset + start * width(precision)
    let wrong: number
    if (precision === 'F32') {
      await source.readInto(new Uint8Array(out.buffer, out.byteOffset + 4 * start, 4 * count), offset)
      wrong = firstNonFinite(bits, start, start + count)
    } else {
      await source.readInto(new Uint8Array(codes.buffer, 0, 2 * count), offset)
      const widenInto = precision === 'F16' ? widenBinary16Into : widenBfloat16Into
      const within = widenInto(bits.subarray(start, start + count), codes.subarray(0, count))
      wrong = within < 0 ? within : start + within
    }
    if (wrong >= 0) {
      const found = `${String(out[wrong])} at ${shownShape(coordinates(tensor.shape, wrong))}`
      throw new Failure(problem(tensor.file, `tensor ${tensor.name}`, 'finite weights', found))
    }
  }
}
