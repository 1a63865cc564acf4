/**
 * How kernels are called across the language border: each call's arguments as 32-bit words in the heap, in the order of
 * the C struct of the same name, and the kernels' numbers (src/kernels/c/list.h). Not modelled: results other than in the heap.
 */
import type { Heap, Ptr } from './heap.js'
import type { Elementwise, Kernels } from './kernels.js'
import { squareShift } from './reference/pulse-width.js'

/** The words of one call, seen as integers and as floats. */
interface Words {
  readonly u32: Uint32Array
  readonly f32: Float32Array
  readonly f64: Float64Array
}

type Encoders = { readonly [K in keyof Kernels]: (words: Words, a: Parameters<Kernels[K]>[0]) => void }

/** Longest argument list, in bytes. */
const blockBytes = 256

const elementwise = ({ u32 }: Words, a: Elementwise): void => u32.set([a.y, a.x, a.length])

/** In the order of list.h. */
const encoders: Encoders = {
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
  attention: ({ u32, f32 }, a) => {
    const rowStep = a.rowStep ?? a.heads * a.headSize
    u32.set([a.y, a.q, a.k, a.v, a.offsets, a.sequences, a.heads, a.headSize, rowStep, a.scratch])
    f32[10] = a.scale
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
  encode: ({ u32, f32 }, { xRowStep, ...a }) => {
    const shift = squareShift(a.maxCode)
    u32.set([a.codes, a.squares, a.x, a.rows, a.inner, xRowStep ?? a.inner, a.maxCode, shift, a.counts])
    f32.set([a.maxCode / a.range, a.range], 9)
  },
  packCells: ({ u32 }, { columnStep, innerStep = 1, narrow = false, ...a }) =>
    u32.set([a.panels, a.w, a.inner, a.columns, columnStep ?? a.inner, innerStep, Number(narrow)]),
  vmm: ({ u32 }, { narrow = false, ...a }) =>
    u32.set([a.sums, a.codes, a.panels, a.rows, a.inner, a.columns, Number(narrow)]),
  normals: ({ u32 }, a) => u32.set([a.y, a.length, ...a.counter, ...a.key]),
  readout: ({ u32, f32 }, { yRowStep, real = false, ...a }) => {
    u32.set([a.y, a.sums, a.rows, a.columns, yRowStep ?? a.columns, a.tokens, a.examples, a.zScale, a.yScale, a.offset])
    u32.set([a.bias, a.variances, a.varianceScale, Number(real), Number(a.onward), a.maxCode, ...a.output.key], 10)
    u32.set([a.output.word2, a.output.word3, a.read.word3, a.counts], 18)
    f32.set([a.outputNoise, a.adcScale], 22)
  },
  readCells: ({ u32, f32, f64 }, { columnStep, rowStep = 1, ...a }) => {
    f64[0] = a.load
    u32.set([a.cells, a.scales, a.variances, a.varianceScales, a.effective, a.w, a.fullScales, a.model, a.scratch], 2)
    u32.set([a.rows, a.columns, a.firstRow, a.firstColumn, columnStep ?? a.rows, rowStep, a.life.word2], 11)
    u32.set([a.life.word3, a.occasion.word3, ...a.life.key, a.maxCell, a.counts], 18)
    f32.set([a.logTime, a.readScale], 24)
  },
  ladder: ({ u32, f64 }, a) => {
    f64[0] = a.load
    u32.set([a.u, a.g, a.rows, a.columns], 2)
  },
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
