/**
 * Idle columns of a tile, filled with copies of the columns that gain most from being averaged: k copies have a k-th of the
 * variance of their devices and of their readouts. Not modelled: what copies have in common (the DAC's errors, clipping).
 */

/**
 * Which columns to copy, greedily: the k-th copy of column j takes away e_j / (k (k + 1)) of its error.
 * @param noise e_j: the part of each column's expected error that averaging divides, with one column
 * @param idle columns to fill
 * @returns owner of each spare column, in order; shorter than `idle` where nothing is left to be gained
 */
export const spareColumns = (noise: Float64Array, idle: number): Uint16Array => {
  const copies = new Uint32Array(noise.length).fill(1)
  const gain = noise.slice().map(e => e / 2)
  let filled = 0
  for (; filled < idle; filled++) {
    let best = 0
    for (let j = 1; j < gain.length; j++) if ((gain[j] ?? NaN) > (gain[best] ?? NaN)) best = j
    if (!((gain[best] ?? 0) > 0)) break
    const k = (copies[best] ?? NaN) + 1
    copies[best] = k
    gain[best] = (noise[best] ?? NaN) / (k * (k + 1))
  }
  const owners = new Uint16Array(filled)
  let at = 0
  copies.forEach((k, j) => {
    owners.fill(j, at, at + k - 1)
    at += k - 1
  })
  return owners
}

/** On how many columns each of a tile's columns stands, or on how many rows each of its rows. @param owners of the copies */
export const placesOf = (size: number, owners: Uint16Array): Uint16Array => {
  const counts = new Uint16Array(size).fill(1)
  for (const j of owners) counts[j] = (counts[j] ?? NaN) + 1
  return counts
}
