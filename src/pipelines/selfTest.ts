/** A quick proof that this machine computes as it should: published vectors and exact identities, in well under a second. */
import { philox4x32 } from '../domain/random/philox.js'
import { createHeap } from '../kernels/heap.js'
import { panelsBytes } from '../kernels/kernels.js'
import { referenceKernels } from '../kernels/reference/kernels.js'

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

/** A product of small whole numbers is exact in float32, in any order. */
const product = (): SelfTestResult => {
  const heap = createHeap()
  const kernels = referenceKernels(heap)
  const [rows, inner, columns] = [3, 37, 21]
  const x = heap.allocate(4 * rows * inner)
  const w = heap.allocate(4 * columns * inner)
  const y = heap.allocate(4 * rows * columns)
  const panels = heap.allocate(panelsBytes(inner, columns))
  const xs = heap.f32(x, rows * inner).map((_, i) => (i * 7) % 11)
  const ws = heap.f32(w, columns * inner).map((_, i) => ((i * 5) % 13) - 6)
  heap.f32(x, xs.length).set(xs)
  heap.f32(w, ws.length).set(ws)
  kernels.pack({ panels, w, inner, columns })
  kernels.product({ y, x, panels, bias: 0, rows, inner, columns })
  const wrong = heap.f32(y, rows * columns).findIndex((found, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns]
    let sum = 0
    for (let k = 0; k < inner; k++) sum += (xs[i * inner + k] ?? NaN) * (ws[j * inner + k] ?? NaN)
    return found !== sum
  })
  return { name: 'matrix product: exact on whole numbers', passed: wrong === -1, detail: `element ${wrong} differs` }
}

export const selfTest = (): Promise<{ readonly kernels: string; readonly results: readonly SelfTestResult[] }> =>
  Promise.resolve({ kernels: 'reference', results: [philox(), product()] })
