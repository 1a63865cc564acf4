/**
 * IR drop of one bit line, exactly: u_i is the share of the current of cross-point i that reaches the ADC. The line is a
 * resistive ladder with the ADC at its last row; word lines and idle rows are ideal. Not modelled: word-line resistance.
 *
 * u solves the ladder with the ADC end at 1 and the inputs at 0: (1 + R g_0) u_0 = u_1, (2 + R g_i) u_i = u_(i-1) + u_(i+1),
 * u_(n-1) = 1. With u_i = p_i u_(i+1) and e_i = 1 - p_i all terms are positive, nothing cancels:
 * s = R g_i + e_(i-1), p_i = 1 / (1 + s), e_i = s p_i. In binary64: n roundings of 2^-53 stay far below 1e-9.
 */

/**
 * u [rows][step] from g [rows][step], one column of both.
 * @param load R g for g = 1.
 * @param order the row at each place of the line, the ADC's last; null: rows in their own order
 */
export const ladderInto = (
  u: Float64Array,
  g: Float32Array,
  rows: number,
  load: number,
  { column, step }: { readonly column: number; readonly step: number },
  order: Uint32Array | null = null,
): void => {
  const rowAt = (i: number): number => (order === null ? i : (order[i] ?? 0))
  let e = 0
  for (let i = 0; i + 1 < rows; i++) {
    const at = rowAt(i) * step + column
    const s = (g[at] ?? 0) * load + e
    const p = 1 / (s + 1)
    e = s * p
    u[at] = p
  }
  let below = 1
  for (let i = rows; i > 0; i--) {
    const at = rowAt(i - 1) * step + column
    if (i < rows) below = (u[at] ?? 0) * below
    u[at] = below
  }
}
