/** A quick proof that this machine computes as it should: published vectors and exact identities, in well under a second. */
import { philox4x32 } from '../domain/random/philox.js'
import { stream } from '../domain/random/stream.js'
import { createHeap, type Heap } from '../kernels/heap.js'
import { panelsBytes, type Kernels } from '../kernels/kernels.js'
import { referenceKernels } from '../kernels/reference/kernels.js'
import { kernelsInWords, openKernels } from './kernels.js'

export interface SelfTestResult {
  readonly name: string
  readonly passed: boolean
  readonly detail: string
}

/** Philox4x32-10 of counter 0 and key 0, as published with Random123 (Salmon et al. 2011). */
const philox = (): SelfTestResult => {
  const out = philox4x32([0, 0, 0, 0], [0, 0])
  const found = Array.from(out, w => (w >>> 0).toString(16).padStart(8, '0')).join(' ')
  return {
    name: 'random numbers: Philox4x32-10 known answer',
    passed: found === '6627e8d5 e169c58d bc57ac4c 9b00dbd8',
    detail: found,
  }
}

/** One product of random numbers: the kernels that run give the bits of the reference. */
const product = (heap: Heap, kernels: Kernels): SelfTestResult => {
  const reference = referenceKernels(heap)
  const [rows, inner, columns] = [5, 300, 37]
  const [x, w, y, z] = [rows * inner, columns * inner, rows * columns, rows * columns].map(n => heap.allocate(4 * n))
  if (x === undefined || w === undefined || y === undefined || z === undefined) throw new RangeError('four places')
  const panels = heap.allocate(panelsBytes(inner, columns))
  const source = stream(1, 'self-test')
  for (const [at, n] of [[x, rows * inner] as const, [w, columns * inner] as const])
    heap.f32(at, n).forEach((_, i, values) => (values[i] = source.uniform() - 0.5))
  kernels.pack({ panels, w, inner, columns })
  kernels.product({ y, x, panels, bias: 0, rows, inner, columns })
  reference.product({ y: z, x, panels, bias: 0, rows, inner, columns })
  const expected = heap.u32(z, rows * columns)
  const wrong = heap.u32(y, rows * columns).findIndex((bits, i) => bits !== expected[i])
  for (const at of [x, w, y, z, panels]) heap.free(at)
  return {
    name: 'matrix product: the bits of the reference',
    passed: wrong === -1,
    detail: wrong === -1 ? 'all equal' : `element ${wrong} differs`,
  }
}

export const selfTest = async (): Promise<{
  readonly kernels: string
  readonly results: readonly SelfTestResult[]
}> => {
  const heap = createHeap()
  const loaded = await openKernels(heap)
  return { kernels: kernelsInWords(loaded), results: [philox(), product(heap, loaded.kernels)] }
}
