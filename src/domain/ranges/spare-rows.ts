/**
 * Idle rows of a tile, filled with copies of the rows that gain most: an input that stands on n rows of devices has n times
 * the tile's input range at the same step, and an n-th of the variance of its devices. Derivation: docs/objective.md.
 * Not modelled: what the wires take of a longer bit line, which whoever fills rows looks at afterwards (filled.ts).
 */
import { lostInputs, type RowInputs } from './input-error.js'
import { expectedCompensation } from './expected-compensation.js'
import { type ScaledRanges, type TileObjective } from './objective.js'

/**
 * Which rows to copy, greedily: one after the other, the row whose next copy takes most away.
 * @param error of a row that stands on n rows; what a copy takes away must fall with n, for this to be the best of all ways
 * @param idle rows to fill
 * @returns owner of each spare row, ascending; shorter than `idle` where nothing is left to be gained
 */
export const greedyRows = (error: (row: number, n: number) => number, rows: number, idle: number): Uint16Array => {
  const places = new Uint16Array(rows).fill(1)
  const gain = Float64Array.from(places, (_, i) => error(i, 1) - error(i, 2))
  const owners: number[] = []
  while (owners.length < idle) {
    let best = 0
    for (let i = 1; i < rows; i++) if ((gain[i] ?? NaN) > (gain[best] ?? NaN)) best = i
    if (!((gain[best] ?? 0) > 0)) break
    owners.push(best)
    const n = (places[best] ?? NaN) + 1
    places[best] = n
    gain[best] = error(best, n) - error(best, n + 1)
  }
  return Uint16Array.from(owners).sort()
}

/** Of each row, the part of the tile's expected error that is its devices' spread, on one row of devices; mean over times. */
export const rowNoise = (tile: TileObjective, { fullScales, gains }: ScaledRanges): Float64Array => {
  const { rows, columns, weights, energies, columnStep, times, averaged } = tile
  const compensation = expectedCompensation(tile, fullScales)
  const noise = new Float64Array(rows)
  times.forEach(({ variance }, t) => {
    const steps = variance.length - 1
    const idle = variance[0] ?? NaN
    for (let j = 0; j < columns; j++) {
      const fullScale = fullScales[j] ?? NaN
      if (fullScale === 0) continue
      const a = fullScale * (gains[j] ?? NaN) * (compensation[t]?.[j] ?? NaN)
      const unit = (a * a) / (times.length * (averaged?.[j] ?? 1))
      const at = j * columnStep
      for (let i = 0; i < rows; i++) {
        const place = Math.min(1, Math.abs(weights[at + i] ?? NaN) / fullScale) * steps
        const k = Math.min(steps - 1, place | 0)
        const low = variance[k] ?? NaN
        const spread = low + (place - k) * ((variance[k + 1] ?? NaN) - low) + idle
        noise[i] = (noise[i] ?? NaN) + unit * (energies[at + i] ?? NaN) * spread
      }
    }
  })
  return noise
}

/** The best rows to copy at these ranges, wires aside. @param tile without copies of rows */
export const spareRows = (tile: TileObjective, inputs: RowInputs, ranges: ScaledRanges, idle: number): Uint16Array => {
  const noise = rowNoise(tile, ranges)
  const clipped = lostInputs(inputs, { range: ranges.inputRange, maxCode: tile.converters.dacMaxCode })
  return greedyRows((i, n) => (noise[i] ?? NaN) / n + clipped(i, n), tile.rows, idle)
}
