/**
 * Speed of every kernel on every path this machine can run, on one core. `npm run bench` prints a table and, as its last
 * line, JSON. `npm run bench -- product gelu` measures some; OHMFLOW_PATHS=wasm,avx2 restricts the paths.
 */
import * as E from 'fp-ts/lib/Either.js'
import { adamWStep, usual } from '../src/engines/training/optimise.js'
import { createHeap, type Ptr } from '../src/kernels/heap.js'
import { attentionScratchBytes, panelsBytes, type Kernels } from '../src/kernels/kernels.js'
import { nativeKernels } from '../src/kernels/native/addon.js'
import { referenceKernels } from '../src/kernels/reference/kernels.js'
import { attentionGradientScratchBytes } from '../src/kernels/training.js'
import { webAssemblyKernels } from '../src/kernels/webassembly-kernels.js'
import { least, machine } from './machine.mjs'
import { peak } from './peak.mjs'

const heap = createHeap()
const native = await nativeKernels()
const paths: readonly (readonly [string, Kernels])[] = [
  ...(E.isRight(native) ? native.right.sets.map((isa): [string, Kernels] => [isa, native.right.open(heap, isa)]) : []),
  ['wasm', webAssemblyKernels(heap)],
  ['reference', referenceKernels(heap)],
]

const floats = (length: number): Ptr => {
  const at = heap.allocate(4 * length)
  const view = heap.f32(at, length)
  for (let i = 0; i < length; i++) view[i] = 2 * Math.sin(i * 1.618)
  return at
}
const integers = (numbers: readonly number[]): Ptr => {
  const at = heap.allocate(4 * numbers.length)
  heap.i32(at, numbers.length).set(numbers)
  return at
}

interface Case {
  readonly name: string
  /** What is counted, in units of 1e9. */
  readonly unit: 'GMAC/s' | 'G/s'
  readonly work: number
  readonly run: (k: Kernels) => void
}

const product = (rows: number, inner: number, columns: number): Case => {
  const x = floats(rows * inner)
  const panels = heap.allocate(panelsBytes(inner, columns))
  const a = { x, panels, bias: floats(columns), rows, inner, columns, y: floats(rows * columns) }
  paths.at(-1)?.[1].pack({ panels, w: floats(inner * columns), inner, columns })
  return {
    name: `product ${rows} x ${inner} x ${columns}`,
    unit: 'GMAC/s',
    work: rows * inner * columns,
    run: k => k.product(a),
  }
}

/** dW = dY^T X, as training needs it: [outputs, inputs], summed over the tokens. */
const gradient = (tokens: number, outputs: number, inputs: number): Case => {
  const panels = heap.allocate(panelsBytes(tokens, inputs))
  const [dy, inputsAt] = [floats(tokens * outputs), floats(tokens * inputs)]
  const a = {
    ...{ rows: outputs, columns: inputs, dy, panels, y: floats(outputs * inputs), onward: true },
    ...{ offsets: integers([0, tokens]), sequences: 1 },
  }
  return {
    name: `gradient ${tokens} x ${outputs} x ${inputs}`,
    unit: 'GMAC/s',
    work: tokens * outputs * inputs,
    run: k => {
      k.pack({ panels, w: inputsAt, inner: tokens, columns: inputs, columnStep: 1, innerStep: inputs })
      k.weightGradient(a)
    },
  }
}

const attention = (lengths: readonly number[]): Case => {
  const [heads, headSize] = [12, 64]
  const ends = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((a, b) => a + b))
  const numbers = (ends.at(-1) ?? 0) * heads * headSize
  const a = {
    ...{
      y: floats(numbers),
      q: floats(numbers),
      k: floats(numbers),
      v: floats(numbers),
      heads,
      headSize,
      scale: 1 / 8,
    },
    offsets: integers([0, ...ends]),
    sequences: lengths.length,
    scratch: heap.allocate(attentionScratchBytes(Math.max(...lengths), headSize)),
  }
  const work = 2 * heads * headSize * lengths.reduce((sum, n) => sum + n * n, 0)
  return { name: `attention ${lengths.join('+')}`, unit: 'GMAC/s', work, run: k => k.attention(a) }
}

const attentionGradient = (length: number): Case => {
  const [heads, headSize] = [12, 64]
  const fresh = (): Ptr => floats(length * heads * headSize)
  const a = {
    ...{ dq: fresh(), dk: fresh(), dv: fresh(), dy: fresh(), q: fresh(), k: fresh(), v: fresh() },
    ...{ offsets: integers([0, length]), sequences: 1, heads, headSize, scale: 1 / 8 },
    scratch: heap.allocate(attentionGradientScratchBytes(length, headSize)),
  }
  const work = 5 * heads * headSize * length * length
  return { name: `attentionGradient ${length}`, unit: 'GMAC/s', work, run: k => k.attentionGradient(a) }
}

const [rows, width] = [128, 3072]
const [x, y, out] = [floats(rows * width), floats(rows * width), floats(rows * width)]
const moments = floats(rows * width)
const addresses = integers(Array.from({ length: rows }, (_, i) => i))
const masks = { key: [1, 0], word2: 0, word3: 0, threshold: Math.round(2 ** 32 / 10), scale: 10 / 9 } as const
const step = adamWStep({ ...usual, step: 1, learningRate: 1e-5, weightDecay: 0.01, clip: 1 }, true)
const each = (name: string, run: (k: Kernels) => void): Case => ({ name, unit: 'G/s', work: rows * width, run })
const map = (name: 'exp' | 'log' | 'erf' | 'tanh' | 'gelu'): Case =>
  each(name, k => k[name]({ y: out, x, length: rows * width }))

const cases: readonly Case[] = [
  product(128, 768, 3072),
  product(128, 768, 768),
  product(13, 768, 768),
  product(1, 768, 768),
  product(128, 3072, 768),
  gradient(128, 3072, 768),
  attention([128]),
  attention([13, 40, 25]),
  attentionGradient(128),
  map('exp'),
  map('log'),
  map('erf'),
  map('tanh'),
  map('gelu'),
  each('turn', k => k.turn({ sine: out, cosine: y, u: x, length: rows * width })),
  each('add', k => k.add({ y: out, a: x, b: y, length: rows * width })),
  each('softmax', k => k.softmax({ y: out, x, rows, width, scale: 0.125 })),
  each('layerNorm', k => k.layerNorm({ y: out, x, gain: y, bias: y, rows, width, epsilon: 1e-5 })),
  each('layerNormGradient', k =>
    k.layerNormGradient({ dx: out, products: moments, dy: y, x, gain: y, rows, width, epsilon: 1e-5 }),
  ),
  each('geluGradient', k => k.geluGradient({ dx: out, dy: y, x, length: rows * width })),
  each('dropout', k => k.dropout({ ...masks, y: out, x, rows, width, tokens: addresses, examples: addresses })),
  each('adamW', k => k.adamW({ ...step, w: out, g: x, m: y, v: moments, length: rows * width })),
]

const wanted = process.argv.slice(2)
const onPaths = process.env['OHMFLOW_PATHS']?.split(',')
const results: Record<string, Record<string, number>> = {}
/** Of the first product: the rate from registers alone right after it, and the product's share of that. */
const shares: Record<string, { readonly registers: number; readonly share: number }> = {}
console.log(`${machine.processor}, ${machine.cores} cores, Node ${machine.node}; one core`)
for (const c of cases.filter(({ name }) => wanted.length === 0 || wanted.some(w => name.startsWith(w)))) {
  const row: Record<string, number> = {}
  for (const [path, kernels] of paths) {
    if (onPaths === undefined ? path === 'reference' && c.work > 1e8 : !onPaths.includes(path)) continue
    c.run(kernels)
    row[path] = Number((c.work / 1e9 / least(() => c.run(kernels))).toPrecision(4))
  }
  results[c.name] = row
  if (c === cases[0])
    for (const [path, rate] of Object.entries(row)) {
      const limit = peak(path)
      if (limit !== null) shares[path] = { registers: limit, share: Number((rate / limit).toPrecision(3)) }
    }
  const figures = Object.entries(row).map(([path, figure]) => `${path} ${figure}`)
  console.log(`${c.name.padEnd(24)} ${c.unit.padEnd(7)} ${figures.join('   ')}`)
}
for (const [path, { registers, share }] of Object.entries(shares))
  console.log(`${path}: ${cases[0]?.name ?? ''} is ${share} of ${registers} GMAC/s from registers`)
console.log(JSON.stringify({ machine, results, shares }))
