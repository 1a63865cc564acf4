/** Numbers a strided matrix spans. */
export const span = (rows: number, rowStep: number, columns: number, columnStep: number): number =>
  rows === 0 || columns === 0 ? 0 : (rows - 1) * rowStep + (columns - 1) * columnStep + 1
