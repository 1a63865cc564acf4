/**
 * A tile's devices, from target weights to the integer cells that the VMM reads: each weight a differential pair,
 * programmed, drifted and read in binary32 from its own random numbers (domain/random/addresses.ts), nothing stored.
 * Not modelled: a device's history before it was programmed, crosstalk.
 *
 *     r = min(|w| / c_j, 1) on the polarity of w, 0 on the other        (one factor 1 / c_j; 0 for c_j = 0 or a NaN weight)
 *     pre-distortion: the target is min(r / u, 1), u of the bit line of the targets themselves, idle devices at the mean
 *                  that programming leaves, sigma(0) E[max(0, xi)]; from r, `rounds` times, plus before minus
 *     programmed = max(0, target + sigma(target) xi)
 *     drifted    = programmed exp(-(|mu(target) + sd(target) xi'| logTime))
 *     read       = max(0, drifted + drifted ((Q(programmed) readScale) xi''))
 *     IR drop    : read_i u_i, u of each bit line (ladder.ts), its rows in the order of `rowOrder`
 *     cell_ij    = roundHalfEven((plus - minus) (maxCell / m_j)), m_j = max_i |plus - minus|;  scale_j = m_j / maxCell
 *
 * With read noise per VMM the cell holds `drifted`, and the variances of both polarities, (drifted (Q readScale))^2 u^2,
 * are added and put on a grid of 255 steps a column.
 */
import { meanResidual } from '../../domain/crossbar/pre-distortion.js'
import type { Origin } from '../../domain/random/addresses.js'
import { exp } from './exponential.js'
import { bitsOf, roundingMagic } from './float32.js'
import { ladderInto } from './ladder.js'
import { floor, type LawFunction } from './law.js'
import { log } from './logarithm.js'
import { normals } from './normal.js'
import { cellColumns, cellPlace, codeStep, paddedColumns, type Cells } from './vmm.js'

const { fround, abs } = Math
const magicBits = bitsOf(roundingMagic)
/** A column below this holds nothing: its reciprocal may overflow. */
const smallestColumn = 2 ** -100
const varianceSteps = 255
const residual = fround(meanResidual)

export interface CellPhysics {
  readonly programming: LawFunction
  readonly driftMean: LawFunction
  readonly driftDeviation: LawFunction
  readonly read: LawFunction
  /** s_drift ln(t / t_0). */
  readonly logTime: number
  /** s_read sqrt(ln((t + t_read) / (2 t_read))). */
  readonly readScale: number
  /** R g_max, dimensionless; 0: no IR drop. */
  readonly load: number
  /** Of pre-distortion; 0: targets are the weights. */
  readonly rounds: number
}

export interface CellShape {
  /** Of devices: the tile's, then copies of them. */
  readonly rows: number
  readonly columns: number
  /** Of the tile's first cell, in the layer. */
  readonly firstRow: number
  readonly firstColumn: number
  /** Weight of column j, row i at j * columnStep + i * rowStep. */
  readonly columnStep: number
  readonly rowStep: number
  /** The row at each place of the bit lines, the ADC's last; null: in their own order. */
  readonly rowOrder: Uint32Array | null
  /** The row whose weights each of the last rows holds. */
  readonly copies: Uint32Array
  /** Of the first of them, in the addresses of devices. */
  readonly copiesFirstRow: number
}

export interface CellResult {
  readonly cells: Int16Array | null
  readonly maxCell: number
  readonly scales: Float32Array | null
  readonly variances: Uint8Array | null
  readonly varianceScales: Float32Array | null
  /** [padded columns / 16][rows][16], as panels of the float product. */
  readonly effective: Float32Array | null
}

const positive = (x: number): number => (x > 0 ? x : 0)
const logFloored = (x: number): number => log(x > floor ? x : floor)
const square = (x: number): number => fround(x * x)
/** min(x, 1), 0 for a NaN. */
const shareOf = (x: number): number => (x >= 1 ? 1 : positive(x))

interface Target {
  readonly target: number
  readonly programming: number
  readonly driftMean: number
  readonly driftDeviation: number
}

const targetAt = (p: CellPhysics, r: number): Target => {
  const logarithm = logFloored(r)
  return {
    target: r,
    programming: p.programming(r, logarithm),
    driftMean: p.driftMean(r, logarithm),
    driftDeviation: p.driftDeviation(r, logarithm),
  }
}

/** Conductance of one device and the variance of its readings; `xi` null: read noise per VMM, none in the conductance. */
const readDevice = (
  p: CellPhysics,
  d: Target,
  programming: number,
  drift: number,
  xi: number | null,
): readonly [conductance: number, variance: number] => {
  const programmed = positive(fround(d.target + fround(d.programming * programming)))
  const exponent = abs(fround(d.driftMean + fround(d.driftDeviation * drift)))
  const drifted = fround(programmed * exp(-fround(exponent * p.logTime)))
  const noise = fround(p.read(programmed, logFloored(programmed)) * p.readScale)
  return xi === null
    ? [drifted, square(fround(drifted * noise))]
    : [positive(fround(drifted + fround(drifted * fround(noise * xi)))), 0]
}

/** x [rows][16] on a grid of `steps` a column, to the panel's place in `cells`. */
const gridInto = (
  cells: Cells,
  scales: Float32Array,
  x: Float32Array,
  { rows, first, steps }: { readonly rows: number; readonly first: number; readonly steps: number },
): void => {
  for (let lane = 0; lane < cellColumns; lane++) {
    let largest = 0
    for (let i = 0; i < rows; i++) largest = Math.max(largest, abs(x[i * cellColumns + lane] ?? 0))
    scales[first + lane] = largest / steps
    const inverse = largest >= smallestColumn ? fround(steps / largest) : 0
    for (let i = 0; i < codeStep(rows); i++) {
      const v = i < rows ? fround((x[i * cellColumns + lane] ?? 0) * inverse) : 0
      cells[cellPlace(rows, i, first + lane)] = bitsOf(fround(v + roundingMagic)) - magicBits
    }
  }
}

/**
 * Targets of one column, pre-distorted: each is what it should yield over the share of its current that would reach the ADC.
 * @param shares r of each row, with the sign of the weight
 * @param idle what a device without a target conducts
 */
const preDistorted = (
  shares: Float32Array,
  idle: number,
  { load, rounds }: CellPhysics,
  order: Uint32Array | null,
): Float32Array => {
  const targets = shares.map(abs)
  const line = new Float32Array(shares.length)
  const u = new Float64Array(shares.length)
  for (let round = 0; round < rounds; round++)
    for (const sign of [1, -1]) {
      shares.forEach((share, i) => (line[i] = sign * share > 0 ? (targets[i] ?? 0) : idle))
      ladderInto(u, line, shares.length, load, { column: 0, step: 1 }, order)
      shares.forEach((share, i) => {
        if (sign * share > 0) targets[i] = shareOf(fround(abs(share) / (u[i] ?? 0)))
      })
    }
  return targets
}

/** Reads a tile. @param fullScales c_j. @returns weights beyond their full scale. */
export const readCellsInto = (
  out: CellResult,
  w: Float32Array,
  fullScales: Float32Array,
  p: CellPhysics,
  s: CellShape,
  life: Origin,
  occasion: Origin,
): number => {
  const { rows, rowOrder, copies } = s
  const own = rows - copies.length
  const zero = targetAt(p, 0)
  const size = rows * cellColumns
  const plus = new Float32Array(size)
  const minus = new Float32Array(size)
  const spread = new Float32Array(size)
  const spreadMinus = new Float32Array(size)
  const u = new Float64Array(size)
  const perVmm = out.variances !== null
  let clipped = 0
  for (let first = 0; first < paddedColumns(s.columns); first += cellColumns) {
    for (const part of [plus, minus, spread, spreadMinus]) part.fill(0)
    for (let lane = 0; lane < Math.min(cellColumns, s.columns - first); lane++) {
      const column = first + lane
      const fullScale = fullScales[column] ?? 0
      const inverse = fullScale > 0 ? fround(1 / fullScale) : 0
      const weightAt = (i: number): number =>
        w[column * s.columnStep + (i < own ? i : (copies[i - own] ?? 0)) * s.rowStep] ?? 0
      const shares = Float32Array.from({ length: rows }, (_, i) => {
        const share = shareOf(fround(abs(weightAt(i)) * inverse))
        return weightAt(i) < 0 ? -share : share
      })
      const distorts = p.load > 0 && p.rounds > 0
      const targets = distorts ? preDistorted(shares, fround(zero.programming * residual), p, rowOrder) : shares
      for (let i = 0; i < rows; i++) {
        const weight = weightAt(i)
        if (abs(weight) > fullScale) clipped++
        const held = targetAt(p, abs(targets[i] ?? 0))
        const row = i < own ? s.firstRow + i : s.copiesFirstRow + i - own
        const xi = normals([s.firstColumn + column, row, life.word2, life.word3], life.key)
        const eta = normals([s.firstColumn + column, row >>> 1, occasion.word2, occasion.word3], occasion.key)
        const half = (row & 1) * 2
        const at = i * cellColumns + lane
        const a = readDevice(p, weight > 0 ? held : zero, xi[0], xi[2], perVmm ? null : (eta[half] ?? 0))
        const b = readDevice(p, weight < 0 ? held : zero, xi[1], xi[3], perVmm ? null : (eta[half + 1] ?? 0))
        plus[at] = a[0]
        spread[at] = a[1]
        minus[at] = b[0]
        spreadMinus[at] = b[1]
      }
    }
    if (p.load > 0)
      for (const [g, v] of [
        [plus, spread],
        [minus, spreadMinus],
      ] as const) {
        for (let column = 0; column < cellColumns; column++)
          ladderInto(u, g, rows, p.load, { column, step: cellColumns }, rowOrder)
        u.forEach((share, i) => {
          g[i] = (g[i] ?? 0) * share
          v[i] = (v[i] ?? 0) * share * share
        })
      }
    plus.forEach((g, i) => (plus[i] = g - (minus[i] ?? 0)))
    spread.forEach((v, i) => (spread[i] = v + (spreadMinus[i] ?? 0)))
    const panel = { rows, first }
    out.effective?.set(plus, first * rows)
    if (out.cells !== null && out.scales !== null)
      gridInto(out.cells, out.scales, plus, { ...panel, steps: out.maxCell })
    if (out.variances !== null && out.varianceScales !== null)
      gridInto(out.variances, out.varianceScales, spread, { ...panel, steps: varianceSteps })
  }
  return clipped
}
