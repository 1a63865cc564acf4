/**
 * How kernels are called across the language border: each call's arguments as 32-bit words in the heap, in the order of
 * the C struct of the same name, and the kernels' numbers (src/kernels/c/list.h). Not modelled: results other than in the heap.
 */
import { calibrationEncoders } from './calibration-arguments.js'
import type { Heap, Ptr } from './heap.js'
import { hardwareEncoders } from './hardware-arguments.js'
import type { Elementwise, Kernels } from './kernels.js'
import { tileEncoders } from './tile-arguments.js'
import { encodeMasks, trainingEncoders } from './training-arguments.js'

/** The words of one call, seen as integers and as floats. */
export interface Words {
  readonly u32: Uint32Array
  readonly f32: Float32Array
  readonly f64: Float64Array
}

/** How each kernel's arguments become words. */
export type EncodersOf<T extends { readonly [K in keyof T]: (a: never) => void }> = {
  readonly [K in keyof T]: (words: Words, a: Parameters<T[K]>[0]) => void
}

/** Longest argument list, in bytes. */
const blockBytes = 256

const elementwise = ({ u32 }: Words, a: Elementwise): void => u32.set([a.y, a.x, a.length])

/** In the order of list.h. */
const encoders: EncodersOf<Kernels> = {
  ...tileEncoders,
  ...trainingEncoders,
  ...hardwareEncoders,
  ...calibrationEncoders,
  pack: ({ u32 }, { columnStep, innerStep = 1, ...a }) =>
    u32.set([a.panels, a.w, a.inner, a.columns, columnStep ?? a.inner, innerStep]),
  product: ({ u32 }, { xRowStep, xInnerStep = 1, yRowStep, ...a }) =>
    u32.set([
      a.y,
      a.x,
      a.panels,
      a.bias,
      a.rows,
      a.inner,
      a.columns,
      xRowStep ?? a.inner,
      xInnerStep,
      yRowStep ?? a.columns,
    ]),
  layerNorm: ({ u32, f32 }, a) => {
    u32.set([a.y, a.x, a.gain, a.bias, a.rows, a.width])
    f32[6] = a.epsilon
  },
  softmax: ({ u32, f32 }, a) => {
    u32.set([a.y, a.x, a.rows, a.width, a.rowStep ?? a.width])
    f32[5] = a.scale
  },
  attention: (words, a) => {
    const rowStep = a.rowStep ?? a.heads * a.headSize
    words.u32.set([a.y, a.q, a.k, a.v, a.offsets, a.sequences, a.heads, a.headSize, rowStep, a.scratch])
    words.f32[10] = a.scale
    words.u32[11] = a.dropout?.examples ?? 0
    encodeMasks(words, 12, a.dropout)
  },
  exp: elementwise,
  log: elementwise,
  erf: elementwise,
  tanh: elementwise,
  gelu: elementwise,
  turn: ({ u32 }, a) => u32.set([a.sine, a.cosine, a.u, a.length]),
  add: ({ u32 }, a) => u32.set([a.y, a.a, a.b, a.length]),
  embed: ({ u32 }, a) => u32.set([a.y, a.ids, a.places, a.words, a.positions, a.type, a.tokens, a.width]),
  gather: ({ u32 }, a) => u32.set([a.y, a.x, a.index, a.rows, a.width]),
  dot: ({ u32 }, a) => u32.set([a.y, a.a, a.b, a.length]),
  addMoments: ({ u32 }, { rowStep, ...a }) =>
    u32.set([a.sum, a.squares, a.absMax, a.x, a.rows, a.columns, rowStep ?? a.columns]),
}

/** Names of the kernels in the order of their numbers. */
export const kernelNames = Object.keys(encoders) as readonly (keyof Kernels)[] // as: the type demands exactly these keys

/** Kernels that write their arguments into a block of the heap and `call` by name, number and place. */
export const calling = (heap: Heap, call: (name: keyof Kernels, number: number) => (place: Ptr) => void): Kernels => {
  const place = heap.allocate(blockBytes)
  const words: Words = {
    u32: heap.u32(place, blockBytes / 4),
    f32: heap.f32(place, blockBytes / 4),
    f64: heap.f64(place, blockBytes / 8),
  }
  const one = <K extends keyof Kernels>(name: K): Kernels[K] => {
    const encode = encoders[name]
    const run = call(name, kernelNames.indexOf(name))
    return (a: Parameters<Kernels[K]>[0]): void => {
      encode(words, a)
      run(place)
    } // as: TypeScript does not see that a function of Parameters<F> is an F
  }
  return Object.fromEntries(kernelNames.map(name => [name, one(name)])) as unknown as Kernels // as: one entry for each name
}
