/**
 * IR drop: a bit line as a resistive ladder, one cross-point a row, equal wire segments between neighbours, the ADC at the
 * last row. DESIGN.md, "IR drop". The plain solver defines it; the effective conductances are what a chip is read with.
 * Not modelled: resistance of word lines, of drivers and of the ADC's own connection; capacitance; device non-linearity.
 */
import { nonNegative } from '../quantity.js'

/** Siemens in a microsiemens: conductances are in µS, resistances in ohm. */
const micro = 1e-6

/** @throws RangeError unless there is one input for each conductance. */
const sameLength = (conductances: ArrayLike<number>, inputs: ArrayLike<number>): void => {
  if (inputs.length !== conductances.length) {
    throw new RangeError(`"inputs" expected ${conductances.length} values, got ${inputs.length}`)
  }
}

/**
 * Current into the ADC [µS times the unit of the inputs], by solving the whole ladder with the inputs applied: Kirchhoff's
 * current law at every node of the bit line, the last node held at 0, by Gaussian elimination of the tridiagonal system.
 * @param conductances [µS] by row; row 0 is farthest from the ADC
 * @param inputs word-line voltages, any unit; an idle row is held at 0, not left open
 * @param wireResistanceOhm of one segment between neighbouring cross-points
 * @throws RangeError on a negative resistance or unequal lengths
 */
export const ladderCurrent = (
  conductances: ArrayLike<number>,
  inputs: ArrayLike<number>,
  wireResistanceOhm: number,
): number => {
  const resistance = nonNegative('wireResistanceOhm', wireResistanceOhm) * micro
  sameLength(conductances, inputs)
  const last = conductances.length - 1
  const g = (i: number): number => conductances[i] ?? NaN
  const x = (i: number): number => inputs[i] ?? NaN
  if (last < 0) return 0
  if (resistance === 0) {
    let sum = 0
    for (let i = 0; i <= last; i++) sum += g(i) * x(i)
    return sum
  }
  // Node i, times the resistance: (R g_i + neighbours) v_i - v_(i-1) - v_(i+1) = R g_i x_i. Elimination from row 0 leaves
  // (1 + excess) v_i = v_(i+1) + load. The excess is carried, not the pivot: 2 - 1 / (1 + excess) would lose a small one,
  // and with it, at 512 rows and little resistance, five digits of the result.
  let excess = 0
  let load = 0
  for (let i = 0; i < last; i++) {
    load = load / (1 + excess) + resistance * g(i) * x(i)
    excess = excess / (1 + excess) + resistance * g(i)
  }
  // The last node is at 0: into the ADC flow its own device's current, and what comes along the last segment.
  return g(last) * x(last) + load / (1 + excess) / resistance
}

/**
 * The same for pulse-width inputs, slot by slot: in slot k (0 .. maxCode - 1) a row is driven with the sign of its code if
 * |code| > k, and held at 0 otherwise. Mean over the slots, so that a code of maxCode counts as an input of 1.
 */
export const pulsedLadderCurrent = (
  conductances: ArrayLike<number>,
  codes: ArrayLike<number>,
  maxCode: number,
  wireResistanceOhm: number,
): number => {
  let sum = 0
  const driven = new Float64Array(codes.length)
  for (let slot = 0; slot < maxCode; slot++) {
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] ?? NaN
      driven[i] = Math.abs(code) > slot ? Math.sign(code) : 0
    }
    sum += ladderCurrent(conductances, driven, wireResistanceOhm)
  }
  return sum / maxCode
}

/**
 * u_i, with which the current into the ADC is simply sum_i g_i u_i x_i: by reciprocity u_i is the voltage at node i with
 * the ADC's end at 1 and all inputs at 0. With a_i = (u_(i+1) - u_i) / u_i, the current law at node i reads
 * a_i = a_(i-1) / (1 + a_(i-1)) + R g_i: only sums of positive terms, so every u_i is exact to a few roundings.
 * @param out where to; may be `conductances` itself
 * @param order the row at each place of the bit line, the ADC's last; null: rows in their own order
 */
export const ladderVoltagesInto = (
  out: Float64Array,
  conductances: ArrayLike<number>,
  wireResistanceOhm: number,
  order: ArrayLike<number> | null = null,
): void => {
  const resistance = nonNegative('wireResistanceOhm', wireResistanceOhm) * micro
  const rows = conductances.length
  const rowAt = (place: number): number => (order === null ? place : (order[place] ?? NaN))
  let drop = 0
  for (let place = 0; place < rows; place++) {
    const i = rowAt(place)
    const g = conductances[i] ?? NaN
    // The last node has no segment behind it.
    if (place < rows - 1) drop = drop / (1 + drop) + resistance * g
    out[i] = place < rows - 1 ? drop : 0
  }
  let u = 1
  for (let place = rows - 1; place >= 0; place--) {
    const i = rowAt(place)
    u /= 1 + (out[i] ?? NaN)
    out[i] = u
  }
}

/** The effective conductances g_i u_i [µS] as a fresh array. */
export const effectiveConductances = (conductances: ArrayLike<number>, wireResistanceOhm: number): Float64Array => {
  const out = new Float64Array(conductances.length)
  ladderVoltagesInto(out, conductances, wireResistanceOhm)
  return out.map((u, i) => (conductances[i] ?? NaN) * u)
}
