/**
 * Any network of resistors with some nodes held at given voltages, by nodal analysis: the full matrix of conductances between
 * free nodes, dense elimination with pivots. It knows nothing of bit lines, so it can judge what does.
 */
export interface Resistor {
  readonly a: number
  readonly b: number
  readonly siemens: number
}

export interface Circuit {
  /** Current into a held node [A], its voltage and the others' as given [V], of all nodes; free nodes' are ignored. */
  readonly currentInto: (node: number, voltages: ArrayLike<number>) => number
}

/** The matrix [n][n] as P A = L U, solved for one right side after the other. */
const factorised = (matrix: readonly Float64Array[]): ((right: Float64Array) => Float64Array) => {
  const rows = [...matrix]
  const order = rows.map((_, i) => i)
  const at = (i: number, j: number): number => rows[i]?.[j] ?? NaN
  for (let k = 0; k < rows.length; k++) {
    let pivot = k
    for (let i = k + 1; i < rows.length; i++) if (Math.abs(at(i, k)) > Math.abs(at(pivot, k))) pivot = i
    for (const list of [rows, order] as unknown[][]) [list[k], list[pivot]] = [list[pivot], list[k]] // both are swapped alike
    const upper = rows[k] ?? new Float64Array(0)
    for (const lower of rows.slice(k + 1)) {
      const factor = (lower[k] ?? NaN) / at(k, k)
      lower[k] = factor
      if (factor !== 0)
        for (let j = k + 1; j < lower.length; j++) lower[j] = (lower[j] ?? NaN) - factor * (upper[j] ?? NaN)
    }
  }
  return right => {
    const v = Float64Array.from(order, i => right[i] ?? NaN)
    rows.forEach((row, i) => {
      for (let j = 0; j < i; j++) v[i] = (v[i] ?? NaN) - (row[j] ?? NaN) * (v[j] ?? NaN)
    })
    for (let i = rows.length - 1; i >= 0; i--) {
      for (let j = i + 1; j < rows.length; j++) v[i] = (v[i] ?? NaN) - at(i, j) * (v[j] ?? NaN)
      v[i] = (v[i] ?? NaN) / at(i, i)
    }
    return v
  }
}

/** @param held which nodes have a voltage of their own; every other one is free, and must be connected to one of them. */
export const circuit = (nodes: number, resistors: readonly Resistor[], held: ReadonlySet<number>): Circuit => {
  const free = Array.from({ length: nodes }, (_, i) => i).filter(i => !held.has(i))
  const place = new Map(free.map((node, i) => [node, i]))
  const matrix = free.map(() => new Float64Array(free.length))
  const add = (i: number | undefined, j: number | undefined, siemens: number): void => {
    const row = i === undefined ? undefined : matrix[i]
    if (row !== undefined && j !== undefined) row[j] = (row[j] ?? NaN) + siemens
  }
  for (const { a, b, siemens } of resistors)
    for (const [here, there] of [
      [a, b],
      [b, a],
    ] as const) {
      add(place.get(here), place.get(here), siemens)
      add(place.get(here), place.get(there), -siemens)
    }
  const solve = factorised(matrix)
  return {
    currentInto: (node, voltages) => {
      const right = new Float64Array(free.length)
      for (const { a, b, siemens } of resistors)
        for (const [here, there] of [
          [a, b],
          [b, a],
        ] as const) {
          const i = place.get(here)
          if (i !== undefined && held.has(there)) right[i] = (right[i] ?? NaN) + siemens * (voltages[there] ?? NaN)
        }
      const solved = solve(right)
      const voltage = (i: number): number => {
        const its = place.get(i)
        return (its === undefined ? voltages[i] : solved[its]) ?? NaN
      }
      let sum = 0
      for (const { a, b, siemens } of resistors) {
        if (a === node) sum += siemens * (voltage(b) - voltage(a))
        if (b === node) sum += siemens * (voltage(a) - voltage(b))
      }
      return sum
    },
  }
}

/** A bit line: what its ADC receives for voltages on the word lines, in the unit of conductances times voltages. */
export type BitLine = (inputs: ArrayLike<number>) => number

/**
 * Cross-point i joins word line i to node i; segments of `load` times the unit of resistance join neighbouring nodes; the last
 * node is the ADC's. @param load R g for g = 1. @param conductances in any unit; row 0 is farthest from the ADC
 */
export const bitLine = (conductances: ArrayLike<number>, load: number): BitLine => {
  const rows = conductances.length
  const devices = Array.from({ length: rows }, (_, i) => ({ a: i, b: rows + i, siemens: conductances[i] ?? NaN }))
  const segments = Array.from({ length: rows - 1 }, (_, i) => ({ a: i, b: i + 1, siemens: 1 / load }))
  const wordLines = Array.from({ length: rows }, (_, i) => rows + i)
  const whole = circuit(2 * rows, [...devices, ...segments], new Set([rows - 1, ...wordLines]))
  const voltages = new Float64Array(2 * rows)
  return inputs => {
    voltages.set(Array.from(inputs), rows)
    return whole.currentInto(rows - 1, voltages)
  }
}

/**
 * Mean over the slots of a pulse: in slot k = 0 .. maxCode - 1 a word line is driven with the sign of its code if |code| > k, else
 * held at 0. A differential pair: the current of the minus line is taken off.
 */
export const pulsed = (plus: BitLine, minus: BitLine, codes: ArrayLike<number>, maxCode: number): number => {
  let sum = 0
  for (let slot = 0; slot < maxCode; slot++) {
    const driven = Float64Array.from(codes, code => (Math.abs(code) > slot ? Math.sign(code) : 0))
    sum += plus(driven) - minus(driven)
  }
  return sum / maxCode
}
