/** Rows of text in aligned columns, for people. Numbers stand to the right. */
import { shownOf, type Shown } from '../domain/report/cells.js'

const number = String.raw`[-+]?[\d.,]+(e[-+]?\d+)?`

/** "-", "1,024", "2.5 %", "< 0.001", "0.9 ± 0.1"; what stands for a number that there is not. */
const numeric = new RegExp(`^(-|undefined|(< )?${number}( ?[%a-zA-Zµ]+| ± ${number})?)$`)

const isNumeric = (text: string): boolean => numeric.test(text)

/** Lines of a table with a header; each column as wide as its widest cell. */
export const columns = (header: readonly string[], rows: readonly (readonly string[])[]): string => {
  const width = header.map((h, c) => Math.max(h.length, ...rows.map(row => (row[c] ?? '').length)))
  const right = header.map((_, c) => rows.length > 0 && rows.every(row => isNumeric(row[c] ?? '')))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) => (right[c] === true ? cell.padStart(width[c] ?? 0) : cell.padEnd(width[c] ?? 0)))
      .join('  ')
      .trimEnd()
  return [line(header), line(width.map(w => '-'.repeat(w))), ...rows.map(line)].join('\n')
}

/** The columns that are shown, with a row for each of `rows`. */
export const tableOf = <R>(all: readonly Shown<R>[], rows: readonly R[]): string => {
  const shown = shownOf(all, rows)
  return columns(
    shown.map(c => c.head),
    rows.map(row => shown.map(c => c.cell(row))),
  )
}

/** How many characters wide that table is. */
export const tableWidth = <R>(all: readonly Shown<R>[], rows: readonly R[]): number =>
  Math.max(
    ...tableOf(all, rows)
      .split('\n')
      .map(line => line.length),
  )

/** "1,234,567". */
export const grouped = (n: number): string => n.toLocaleString('en-US')

/** "1 h 02 min", "3 min 20 s", "4.2 s". */
export const spoken = (seconds: number): string => {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} min`
}

/** "1.2 MB". */
export const bytes = (n: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, n)) / 3))
  return `${step === 0 ? n : (n / 1000 ** step).toFixed(1)} ${units[step] ?? ''}`
}
