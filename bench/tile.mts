/**
 * Speed of the tile kernels on every path this machine can run, on one core; the integer VMM also as a share of a
 * register-only loop of the same instruction. `tsx bench/tile.mts [name ...]` prints a table and, as its last line, JSON.
 * OHMFLOW_PATHS=wasm,avx2 restricts the paths.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as E from 'fp-ts/lib/Either.js'
import { lifeOrigin, noiseOrigin, readOrigin } from '../src/domain/random/addresses.js'
import { createHeap, type Ptr } from '../src/kernels/heap.js'
import type { Kernels } from '../src/kernels/kernels.js'
import { nativeKernels } from '../src/kernels/native/addon.js'
import { deviceLawsBytes, writeDeviceLaws } from '../src/kernels/reference/law.js'
import { largestCell } from '../src/kernels/reference/vmm.js'
import { cellsBytes, codesBytes, readCellsScratchBytes, sumsBytes } from '../src/kernels/tile.js'
import { webAssemblyKernels } from '../src/kernels/webassembly-kernels.js'
import { hermes1, pcm } from '../test/kernels/devices.js'
import { least, machine } from './machine.mjs'

const heap = createHeap()
const native = await nativeKernels()
const paths: readonly (readonly [string, Kernels])[] = [
  ...(E.isRight(native) ? native.right.sets.map((isa): [string, Kernels] => [isa, native.right.open(heap, isa)]) : []),
  ['wasm', webAssemblyKernels(heap)],
]
const onPaths = process.env['OHMFLOW_PATHS']?.split(',')

/** Flags of src/kernels/native/compiler.ts that decide which instruction the loop is made of. */
const ceilingFlags: Readonly<Record<string, readonly string[]>> = {
  avx512vnni: ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mavx512vnni', '-DWIDTH=64'],
  avx512: ['-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-DWIDTH=64'],
  avx2: ['-mavx2', '-DWIDTH=32'],
  sse2: ['-DWIDTH=16'],
}
const work = mkdtempSync(join(tmpdir(), 'ohmflow-ceiling-'))
/** Runs the register-only loop for a moment; GMAC/s, or nothing where it cannot be built. */
const ceiling = (isa: string): (() => number) | undefined => {
  const flags = ceilingFlags[isa]
  if (flags === undefined || process.arch !== 'x64') return undefined
  const program = join(work, isa)
  execFileSync('cc', [
    '-O3',
    '-Wno-psabi',
    ...flags,
    fileURLToPath(new URL('ceiling.c', import.meta.url)),
    '-o',
    program,
  ])
  return () => Number(execFileSync(program, { encoding: 'utf8' }))
}

const floats = (length: number, f: (i: number) => number): Ptr => {
  const at = heap.allocate(4 * length)
  const view = heap.f32(at, length)
  for (let i = 0; i < length; i++) view[i] = f(i)
  return at
}
const wave = (i: number): number => Math.sin(i * 1.618)

const [tokens, rows, columns] = [128, 512, 512]
const maxCode = 127
const tile = { seed: 1, chip: 0, read: 0, layer: 0, tile: 0 }
const x = floats(tokens * rows, wave)
const codes = heap.allocate(codesBytes(tokens, rows))
const squares = heap.allocate(codesBytes(tokens, rows))
const cells = heap.allocate(cellsBytes(rows, columns, false))
const variances = heap.allocate(cellsBytes(rows, columns, true))
const [sums, spreads] = [heap.allocate(sumsBytes(tokens, columns)), heap.allocate(sumsBytes(tokens, columns))]
const counts = heap.allocate(64)
const [scales, varianceScales] = [heap.allocate(4 * columns), heap.allocate(4 * columns)]
const column = (value: number): Ptr => floats(columns, () => value)
const y = heap.allocate(4 * tokens * columns)
const addresses = heap.allocate(4 * tokens)
heap.u32(addresses, tokens).set(Array.from({ length: tokens }, (_, i) => i))
const model = heap.allocate(deviceLawsBytes(pcm))
writeDeviceLaws(heap, model, pcm)
const hermes = heap.allocate(deviceLawsBytes(hermes1))
writeDeviceLaws(heap, hermes, hermes1)

const encoding = { codes, squares: 0, x, rows: tokens, inner: rows, maxCode, range: 0.9, counts }
const reading = {
  ...{ cells, scales, variances: 0, varianceScales, effective: 0, rows, columns, model, load: 0, counts },
  w: floats(rows * columns, i => 0.3 * wave(i)),
  fullScales: column(0.3),
  ...{ logTime: Math.log(3620 / 20), readScale: 3.4, firstRow: 0, firstColumn: 0 },
  ...{ life: lifeOrigin(tile), occasion: readOrigin(tile), maxCell: largestCell(rows, maxCode) },
  scratch: heap.allocate(readCellsScratchBytes(rows)),
}
const readout = {
  ...{ y, sums, rows: tokens, columns, zScale: column(1e-6), yScale: column(0.1), offset: 0, bias: 0, onward: true },
  ...{ maxCode, adcScale: maxCode / 12, outputNoise: 0.04, variances: 0, varianceScale: column(1e-9), counts },
  ...{ tokens: addresses, examples: addresses },
  ...{ output: noiseOrigin('output', tile), read: noiseOrigin('vmmRead', tile) },
}
const product = { sums, codes, panels: cells, rows: tokens, inner: rows, columns }

interface Case {
  readonly name: string
  /** What is counted, in units of 1e9. */
  readonly unit: string
  readonly count: number
  readonly run: (k: Kernels) => void
}
const macs = { unit: 'GMAC/s', count: tokens * rows * columns }
const outputs = { unit: 'G outputs/s', count: tokens * columns }
const weights = { unit: 'G weights/s', count: rows * columns }
const cases: readonly Case[] = [
  { name: 'vmm', ...macs, run: k => k.vmm(product) },
  {
    name: 'vmm of squares and variances',
    ...macs,
    run: k => k.vmm({ ...product, sums: spreads, codes: squares, panels: variances, narrow: true }),
  },
  {
    name: 'normals',
    unit: 'G/s',
    count: tokens * columns,
    run: k => k.normals({ y, length: tokens * columns, counter: [0, 0, 0, 0], key: [1, 0] }),
  },
  { name: 'encode', unit: 'G inputs/s', count: tokens * rows, run: k => k.encode(encoding) },
  {
    name: 'encode with squares',
    unit: 'G inputs/s',
    count: tokens * rows,
    run: k => k.encode({ ...encoding, squares }),
  },
  { name: 'readout without noise', ...outputs, run: k => k.readout({ ...readout, outputNoise: 0 }) },
  { name: 'readout', ...outputs, run: k => k.readout(readout) },
  { name: 'readout with read noise per VMM', ...outputs, run: k => k.readout({ ...readout, variances: spreads }) },
  { name: 'readCells pcm', ...weights, run: k => k.readCells(reading) },
  { name: 'readCells hermes-1', ...weights, run: k => k.readCells({ ...reading, model: hermes }) },
  { name: 'readCells pcm, per VMM', ...weights, run: k => k.readCells({ ...reading, variances }) },
  { name: 'readCells pcm, IR drop', ...weights, run: k => k.readCells({ ...reading, load: 0.35 * 25e-6 }) },
  {
    name: 'readCells pcm, pre-distorted',
    ...weights,
    run: k => k.readCells({ ...reading, load: 0.35 * 25e-6, rounds: 4 }),
  },
]
const wanted = process.argv.slice(2)
const results: Record<string, Record<string, number>> = {}
console.log(
  `${machine.processor}, ${machine.cores} cores, Node ${machine.node}; one core, tile ${rows} x ${columns}, batch ${tokens}`,
)
for (const c of cases.filter(({ name }) => wanted.length === 0 || wanted.some(w => name.startsWith(w)))) {
  const row: Record<string, number> = {}
  for (const [path, kernels] of paths) {
    if (onPaths !== undefined && !onPaths.includes(path)) continue
    kernels.readCells({ ...reading, variances })
    kernels.encode({ ...encoding, squares })
    c.run(kernels)
    const figure = c.count / 1e9 / least(() => c.run(kernels))
    row[path] = Number(figure.toPrecision(4))
    const limit = c.name === 'vmm' ? ceiling(path) : undefined
    if (limit !== undefined) {
      // Turn about, and the best of each: another process on the machine slows either down.
      const rounds = Array.from({ length: 4 }, () => ({
        limit: limit(),
        ours: c.count / 1e9 / least(() => c.run(kernels), 0.3),
      }))
      const best = { limit: Math.max(...rounds.map(r => r.limit)), ours: Math.max(figure, ...rounds.map(r => r.ours)) }
      row[path] = Number(best.ours.toPrecision(4))
      row[`${path} register-only`] = Number(best.limit.toPrecision(4))
      row[`${path} share`] = Number((best.ours / best.limit).toPrecision(3))
    }
  }
  results[c.name] = row
  const figures = Object.entries(row).map(([path, figure]) => `${path} ${figure}`)
  console.log(`${c.name.padEnd(32)} ${c.unit.padEnd(12)} ${figures.join('   ')}`)
}
rmSync(work, { recursive: true })
console.log(JSON.stringify({ machine, results }))
