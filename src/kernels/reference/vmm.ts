/**
 * The tile's product of integer codes and integer cells, exact modulo 2^32: with cells up to largestCell(rows, maxCode)
 * it never wraps. Cells are packed once into panels of 16 columns. Not modelled: units, noise, converters.
 */
export const cellColumns = 16

/** Columns of a matrix of sums, or numbers of a vector per column: whole panels. */
export const paddedColumns = (columns: number): number => Math.ceil(columns / cellColumns) * cellColumns

/** Codes or squares between neighbouring rows: whole pairs. */
export const codeStep = (inner: number): number => 2 * Math.ceil(inner / 2)

/** Cells in the panels of an [inner, columns] tile. */
export const cellsLength = (inner: number, columns: number): number => paddedColumns(columns) * codeStep(inner)

/** Largest magnitude of a cell such that no sum of `rows` products with codes of at most `maxCode` leaves an int32. */
export const largestCell = (rows: number, maxCode: number): number =>
  Math.min(32767, Math.floor((2 ** 31 - 1) / (rows * maxCode)))

export type Cells = Int16Array | Uint8Array

/** Place of (inner k, column j) in panel [ceil(columns / 16)][ceil(inner / 2)][16][2]. */
export const cellPlace = (inner: number, k: number, j: number): number => {
  const lane = j % cellColumns
  return (j - lane) * codeStep(inner) + ((k >> 1) * cellColumns + lane) * 2 + (k & 1)
}

/** Packs w, element (column j, inner k) at j * steps.column + k * steps.inner, zeros around it; bytes keep the lower 8 bits. */
export const packCellsInto = (
  panels: Cells,
  w: Int16Array,
  inner: number,
  columns: number,
  steps: { readonly column: number; readonly inner: number },
): void => {
  panels.fill(0)
  for (let j = 0; j < columns; j++)
    for (let k = 0; k < inner; k++) panels[cellPlace(inner, k, j)] = w[j * steps.column + k * steps.inner] ?? 0
}

/** y [rows, padded columns] = codes [rows, padded inner] times panels. */
export const vmmInto = (
  y: Int32Array,
  codes: Int16Array,
  panels: Cells,
  rows: number,
  inner: number,
  columns: number,
): void => {
  const step = codeStep(inner)
  const width = paddedColumns(columns)
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < width; j++) {
      let sum = 0
      for (let k = 0; k < step; k++)
        sum = (sum + Math.imul(codes[i * step + k] ?? 0, panels[cellPlace(inner, k, j)] ?? 0)) | 0
      y[i * width + j] = sum
    }
}
