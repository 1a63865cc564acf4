/**
 * A billion standard normals against the distribution: moments to the sixth, tails, the distance of Kolmogorov and Smirnov
 * on a grid. `tsx bench/normals.mts [count]` prints each with its deviation in standard errors and, as its last line, JSON.
 */
import * as E from 'fp-ts/lib/Either.js'
import { createHeap } from '../src/kernels/heap.js'
import { loadKernels } from '../src/kernels/load.js'
import { machine } from './machine.mjs'

const heap = createHeap()
const loaded = await loadKernels(heap)()
if (E.isLeft(loaded)) throw new Error(JSON.stringify(loaded.left))
const { kernels, kind, isa } = loaded.right

const count = Number(process.argv[2] ?? 1e9)
const chunk = 1 << 20
const at = heap.allocate(4 * chunk)
const z = heap.f32(at, chunk)
const chunks = Math.ceil(count / chunk)
const total = chunks * chunk

/** Upper tail of the standard normal by its continued fraction; for x >= 1. */
const tail = (x: number): number => {
  let f = x
  for (let k = 200; k > 0; k--) f = x + k / f
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI) / f
}
/** Distribution function by its series; for |x| < 6. */
const cumulative = (x: number): number => {
  if (Math.abs(x) >= 3) return x < 0 ? tail(-x) : 1 - tail(x)
  let [term, sum] = [x, x]
  for (let k = 3; k < 200; k += 2) sum += term *= (x * x) / k
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
}

const sums = new Float64Array(7)
const cells = 14_000
/** Numbers in [k / 1000 - 7, (k + 1) / 1000 - 7). */
const histogram = new Float64Array(cells)
let largest = 0
for (let c = 0; c < chunks; c++) {
  // Neighbouring counters within a chunk, neighbouring streams between chunks.
  kernels.normals({ y: at, length: chunk, counter: [0, c, 7 << 16, (3 << 28) >>> 0], key: [20240119, 0] })
  let [s1, s2, s3, s4, s5, s6] = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < chunk; i++) {
    const x = z[i] ?? 0
    const xx = x * x
    const x4 = xx * xx
    s1 += x
    s2 += xx
    s3 += xx * x
    s4 += x4
    s5 += x4 * x
    s6 += x4 * xx
    const k = Math.floor((x + 7) * 1000)
    histogram[k] = (histogram[k] ?? 0) + 1
    if (xx > largest) largest = xx
  }
  ;[s1, s2, s3, s4, s5, s6].forEach((s, i) => (sums[i + 1] = (sums[i + 1] ?? 0) + s))
}

const results: Record<string, { found: number; expected: number; standardErrors: number }> = {}
const report = (name: string, found: number, expected: number, error: number): void => {
  const standardErrors = (found - expected) / error
  results[name] = { found, expected, standardErrors }
  console.log(
    `${name.padEnd(26)} ${found.toPrecision(9).padStart(14)}  expected ${expected.toPrecision(9).padStart(14)}  ${standardErrors.toFixed(2)} standard errors`,
  )
}
console.log(`${machine.processor}, kernels ${kind} ${isa ?? ''}; ${total} normals`)
const exact = [[1, 0, 1], [2, 1, 2], [3, 0, 15], [4, 3, 96], [5, 0, 945], [6, 15, 10_170]] as const // prettier-ignore
for (const [k, mean, variance] of exact)
  report(`moment ${k}`, (sums[k] ?? 0) / total, mean, Math.sqrt(variance / total))
let [below, distance] = [0, 0]
for (let k = 0; k < cells; k++) {
  below += histogram[k] ?? 0
  distance = Math.max(distance, Math.abs(below / total - cumulative((k + 1) / 1000 - 7)))
}
console.log(
  `Kolmogorov-Smirnov distance ${distance.toExponential(2)}, times sqrt(n) ${(distance * Math.sqrt(total)).toFixed(3)} (above 1.95 once in a thousand)`,
)
for (const x of [3, 4, 4.5, 5, 5.5, 6]) {
  const beyond = (from: number, to: number): number =>
    histogram.subarray((from + 7) * 1000, (to + 7) * 1000).reduce((a, b) => a + b, 0)
  const p = 2 * tail(x)
  report(`tails beyond ${x}`, beyond(-7, -x) + beyond(x, 7), p * total, Math.sqrt(p * total))
}
console.log(`largest magnitude ${Math.sqrt(largest).toFixed(4)}; possible: ${Math.sqrt(64 * Math.LN2).toFixed(4)}`)
console.log(JSON.stringify({ machine, total, distance, results }))
