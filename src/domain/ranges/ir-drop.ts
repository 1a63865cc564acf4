/**
 * A column's sums beyond the wires of its bit lines: every pair yields its mean and spread times the factors u of the
 * ladder that the mean conductances give; targets pre-distorted or not, rows in any order. Written for speed, since a search
 * asks for thousands of columns: neighbours on the line are lumped into blocks, one node each, and the rows of a column
 * are sorted by block and polarity once, so that a full scale takes one pass over them and one short ladder.
 * Not modelled: the spread of u, and its correlation with a device's own conductance.
 */
import type { TileObjective } from './objective.js'
import type { DeviceMoments } from './pair-sums.js'
import { placesOf } from './spare.js'

/** Blocks of a line, unless it has fewer rows: sums are then right to about a hundredth of what is dropped in plain order. */
const mostBlocks = 32

/** Of pre-distortion, which here only decides what is capped and how far conductances rise. */
const rounds = 3

/** What weighs a column's rows: the energies of their inputs, or nothing. */
export type Weighing = 'energies' | 'none'

/** A column's rows by group: block by block, weights that are not below 0 before those that are. */
interface Sorted {
  weights: Float32Array | null
  energies: Float32Array | null
  column: number
  readonly magnitude: Float64Array
  /** The rows' energies, shared among the rows of devices that one stands on; and the share of each. */
  readonly energy: Float64Array
  readonly share: Float64Array
  /** First row of each group, and the end of the last. */
  readonly start: Int32Array
  /** Of each group: sum and largest of the magnitudes; sums of energies, and of them times magnitudes. */
  readonly sum: Float64Array
  readonly largest: Float64Array
  readonly mass: Float64Array
  readonly mixed: Float64Array
  /** The mass of spreads: shares once more. */
  readonly spread: Float64Array
  /** The same three with all energies 1. */
  readonly plain: { readonly mass: Float64Array; readonly mixed: Float64Array; readonly spread: Float64Array }
}

export interface WiresWanted {
  /** R g_max, dimensionless; above 0. */
  readonly load: number
  /** Targets are pre-distorted. */
  readonly preDistorted: boolean
  /** The row at each place of the bit lines, the ADC's last; null: rows in their own order. */
  readonly rowOrder: Uint32Array | null
  /** Owners of the copies of rows that come after the tile's own; default: there are none. */
  readonly rowCopies?: Uint16Array
}

/** The bit lines of a tile: two to a column. */
export interface Wires extends Omit<WiresWanted, 'rowOrder' | 'rowCopies'> {
  readonly rowCopies: Uint16Array
  /** The block of each row of devices. */
  readonly blocks: Int32Array
  /** Wire segments from each block to the next, and from the last to the ADC. */
  readonly segments: Float64Array
  /** Overwritten by every use. */
  readonly room: {
    /** The column that was asked for last. */
    readonly sorted: Sorted
    /** Of each group: what it conducts, 1 / u of what is programmed, u; sums over its rows. */
    readonly own: Float64Array
    readonly inverse: Float64Array
    readonly u: Float64Array
    readonly cross: Float64Array
    readonly square: Float64Array
    readonly linear: Float64Array
    readonly noise: Float64Array
  }
}

/** @param tileRows the tile's own */
export const wiresOf = (
  tileRows: number,
  { load, preDistorted, rowOrder, rowCopies = new Uint16Array(0) }: WiresWanted,
): Wires => {
  const rows = tileRows + rowCopies.length
  const blockRows = Math.ceil(rows / mostBlocks)
  const count = Math.ceil(rows / blockRows)
  const blocks = new Int32Array(rows)
  for (let place = 0; place < rows; place++) blocks[rowOrder?.[place] ?? place] = Math.floor(place / blockRows)
  const inLast = rows - blockRows * (count - 1)
  const segments = new Float64Array(count).fill(blockRows)
  // From middle to middle.
  if (count > 1) segments[count - 2] = (blockRows + inLast) / 2
  segments[count - 1] = (inLast - 1) / 2
  const groups = (): Float64Array => new Float64Array(2 * count)
  const sorted = {
    ...{ weights: null, energies: null, column: -1 },
    ...{
      magnitude: new Float64Array(rows),
      energy: new Float64Array(rows),
      share: new Float64Array(rows),
      start: new Int32Array(2 * count + 1),
    },
    ...{ sum: groups(), largest: groups(), mass: groups(), mixed: groups(), spread: groups() },
    plain: { mass: groups(), mixed: groups(), spread: groups() },
  }
  return {
    ...{ load, preDistorted, rowCopies, blocks, segments },
    room: {
      ...{ sorted, own: groups(), inverse: groups(), u: groups() },
      ...{ cross: groups(), square: groups(), linear: groups(), noise: groups() },
    },
  }
}

/** A device's moments at the time, and what an idle one conducts right after programming, which targets are pre-distorted for. */
export type Programmed = readonly [moments: DeviceMoments, idle: number]

/** Without energies, each counts as 1. */
export type Rows = Pick<TileObjective, 'rows' | 'weights' | 'columnStep'> & { readonly energies: Float32Array | null }

/** Sorts a column's rows, unless they are. */
export const sortedOf = (
  { rows, weights, energies, columnStep }: Rows,
  { blocks, rowCopies, room }: Wires,
  column: number,
): Sorted => {
  const s = room.sorted
  if (s.weights === weights && s.energies === energies && s.column === column) return s
  const at = column * columnStep
  const ownerOf = (line: number): number => (line < rows ? line : (rowCopies[line - rows] ?? NaN))
  const groupOf = (line: number): number => 2 * (blocks[line] ?? 0) + ((weights[at + ownerOf(line)] ?? NaN) < 0 ? 1 : 0)
  const places = placesOf(rows, rowCopies)
  const { start, magnitude, energy, share, sum, largest, mass, mixed, spread, plain } = s
  start.fill(0)
  for (let i = 0; i < blocks.length; i++) start[groupOf(i) + 1] = (start[groupOf(i) + 1] ?? NaN) + 1
  for (let g = 1; g < start.length; g++) start[g] = (start[g] ?? NaN) + (start[g - 1] ?? NaN)
  for (const sums of [sum, largest, mass, mixed, spread, plain.mass, plain.mixed, plain.spread]) sums.fill(0)
  const next = start.slice()
  for (let i = 0; i < blocks.length; i++) {
    const g = groupOf(i)
    const to = next[g] ?? NaN
    next[g] = to + 1
    const own = ownerOf(i)
    const part = 1 / (places[own] ?? NaN)
    const w = Math.abs(weights[at + own] ?? NaN)
    const a = (energies === null ? 1 : (energies[at + own] ?? NaN)) * part
    magnitude[to] = w
    energy[to] = a
    share[to] = part
    sum[g] = (sum[g] ?? NaN) + w
    largest[g] = Math.max(largest[g] ?? NaN, w)
    mass[g] = (mass[g] ?? NaN) + a
    mixed[g] = (mixed[g] ?? NaN) + a * w
    spread[g] = (spread[g] ?? NaN) + a * part
    plain.mass[g] = (plain.mass[g] ?? NaN) + part
    plain.mixed[g] = (plain.mixed[g] ?? NaN) + part * w
    plain.spread[g] = (plain.spread[g] ?? NaN) + part * part
  }
  return Object.assign(s, { weights, energies, column })
}

/**
 * u of the groups, from what they conduct, over their u of the round before; and `idle` for each row of the other
 * polarity. With y_b what flows on from block b over u_b: y_b = g_b + y_(b-1) q_(b-1), q_b = u_b / u_(b+1) =
 * 1 / (1 + load segments_b y_b).
 */
export const solve = ({ load, segments, room }: Wires, idle: number): void => {
  const { own, inverse, u } = room
  const { start } = room.sorted
  let plus = 0
  let minus = 0
  for (let b = 0; b < segments.length; b++) {
    const [from, middle, to] = [start[2 * b] ?? NaN, start[2 * b + 1] ?? NaN, start[2 * b + 2] ?? NaN]
    const step = load * (segments[b] ?? NaN)
    plus += (own[2 * b] ?? NaN) * (inverse[2 * b] ?? NaN) + idle * (to - middle)
    minus += (own[2 * b + 1] ?? NaN) * (inverse[2 * b + 1] ?? NaN) + idle * (middle - from)
    const q = 1 / (1 + step * plus)
    const r = 1 / (1 + step * minus)
    u[2 * b] = q
    u[2 * b + 1] = r
    plus *= q
    minus *= r
  }
  plus = 1
  minus = 1
  for (let b = segments.length - 1; b >= 0; b--) {
    plus *= u[2 * b] ?? NaN
    minus *= u[2 * b + 1] ?? NaN
    u[2 * b] = plus
    u[2 * b + 1] = minus
  }
}

/** 1 / u of every group, for targets that are pre-distorted; 1 for those that are not. */
export const distort = (
  wires: Wires,
  { start, magnitude, sum, largest }: Sorted,
  fullScale: number,
  idle: number,
): void => {
  const { own, inverse, u } = wires.room
  inverse.fill(1)
  if (!wires.preDistorted) return
  for (let g = 0; g < own.length; g++) {
    if ((largest[g] ?? NaN) <= fullScale) own[g] = (sum[g] ?? NaN) / fullScale
    else {
      let clipped = 0
      const to = start[g + 1] ?? NaN
      for (let k = start[g] ?? NaN; k < to; k++) clipped += Math.min(1, (magnitude[k] ?? NaN) / fullScale)
      own[g] = clipped
    }
  }
  for (let round = 0; round < rounds; round++) {
    solve(wires, idle)
    for (let g = 0; g < own.length; g++) inverse[g] = 1 / (u[g] ?? NaN)
  }
}

/** Sums over a column's rows of devices, A_i their share of the energy or of 1 (noise: shared once more): A_i |w_i| E[v_i], A_i E[v_i]^2, A_i Var[v_i]. */
export interface WiredSums {
  readonly cross: number
  readonly square: number
  readonly noise: number
}

/**
 * @param place the column, and its full scale
 * @param moments of a device at the time, and what an idle one conducts right after programming, which targets are
 * pre-distorted for
 */
export const wiredSums = (
  tile: Rows,
  wires: Wires,
  [column, fullScale]: readonly [column: number, fullScale: number],
  [{ mean, variance }, idle]: Programmed,
  weighing: Weighing,
): WiredSums => {
  const { room } = wires
  const sorted = sortedOf(tile, wires, column)
  const { start, magnitude, energy, share } = sorted
  const { own, inverse, u } = room
  const weighed = weighing === 'energies'
  const steps = mean.length - 1
  const idleMean = mean[0] ?? NaN
  const idleVariance = variance[0] ?? NaN

  distort(wires, sorted, fullScale, idle)
  for (let g = 0; g < own.length; g++) {
    // Over the targets that are programmed.
    const perWeight = (steps / fullScale) * (inverse[g] ?? NaN)
    let conducts = 0
    let cross = 0
    let square = 0
    let linear = 0
    let noise = 0
    const to = start[g + 1] ?? NaN
    for (let i = start[g] ?? NaN; i < to; i++) {
      const part = share[i] ?? NaN
      const a = weighed ? (energy[i] ?? NaN) : part
      const w = magnitude[i] ?? NaN
      const place = w * perWeight
      const k = place >= steps ? steps - 1 : place | 0
      const rest = place >= steps ? 1 : place - k
      const low = mean[k] ?? NaN
      const lowVariance = variance[k] ?? NaN
      const m = low + rest * ((mean[k + 1] ?? NaN) - low)
      const am = a * m
      conducts += m
      cross += am * w
      linear += am
      square += am * m
      noise += a * part * (lowVariance + rest * ((variance[k + 1] ?? NaN) - lowVariance))
    }
    own[g] = conducts
    room.cross[g] = cross
    room.linear[g] = linear
    room.square[g] = square
    room.noise[g] = noise
  }

  inverse.fill(1)
  solve(wires, idleMean)
  const masses = weighed ? sorted : sorted.plain
  let cross = 0
  let square = 0
  let noise = 0
  for (let g = 0; g < own.length; g++) {
    // The pair's own device less the idle one of the other polarity.
    const held = u[g] ?? NaN
    const idles = (u[g ^ 1] ?? NaN) * idleMean
    const spread = (u[g ^ 1] ?? NaN) ** 2 * idleVariance
    const mass = masses.mass[g] ?? NaN
    cross += held * (room.cross[g] ?? NaN) - idles * (masses.mixed[g] ?? NaN)
    square += held * (held * (room.square[g] ?? NaN) - 2 * idles * (room.linear[g] ?? NaN)) + idles * idles * mass
    noise += held * held * (room.noise[g] ?? NaN) + spread * (masses.spread[g] ?? NaN)
  }
  return { cross, square, noise }
}
