/**
 * A fitted curve over a conductance ratio r = g / g_max, as the papers print it: pieces of polynomials, clipped
 * logarithms, capped powers, or straight lines between knots.
 * Not here: which curve means what (constants.ts), and any law of physics (model.ts).
 */

/** c_0 + c_1 r + c_2 r^2 + ... */
export interface Polynomial {
  readonly form: 'polynomial'
  readonly coefficients: readonly number[]
}

/** clip(slope ln r + intercept, low, high). At r = 0 the logarithm is -infinity, and the clip decides. */
export interface Logarithm {
  readonly form: 'logarithm'
  readonly slope: number
  readonly intercept: number
  readonly low: number
  readonly high: number
}

/** min(factor r^exponent, high). At r = 0, with a negative exponent, the cap decides. */
export interface Power {
  readonly form: 'power'
  readonly factor: number
  readonly exponent: number
  readonly high: number
}

/** Straight lines between knots [r, value]; the last value is held beyond the last knot. */
export interface Lines {
  readonly form: 'lines'
  readonly knots: readonly (readonly [ratio: number, value: number])[]
}

export type Curve = Polynomial | Logarithm | Power | Lines

/** One piece: the curve holds for r below `below`, down to where the piece before it ends. */
export type Piece = Curve & { readonly below: number }

export interface Fit {
  /** Unit of the value. */
  readonly unit: string
  /** Ratios at which it was characterised. */
  readonly valid: readonly [from: number, to: number]
  /** By growing `below`; the last one's is Infinity: a fit is continued above r = 1, where programming noise may lead. */
  readonly pieces: readonly Piece[]
}

const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high)

const line = (knots: Lines['knots']): ((r: number) => number) => {
  const ratios = Float64Array.from(knots, k => k[0])
  const values = Float64Array.from(knots, k => k[1])
  return r => {
    const above = ratios.findIndex(x => x > r)
    if (above === -1) return values.at(-1) ?? NaN
    if (above === 0) return values[0] ?? NaN
    const r0 = ratios[above - 1] ?? NaN
    const r1 = ratios[above] ?? NaN
    const v0 = values[above - 1] ?? NaN
    return v0 + (((values[above] ?? NaN) - v0) * (r - r0)) / (r1 - r0)
  }
}

const curve = (c: Curve): ((r: number) => number) => {
  switch (c.form) {
    case 'polynomial': {
      const highestFirst = [...c.coefficients].reverse()
      return r => highestFirst.reduce((sum, coefficient) => sum * r + coefficient, 0)
    }
    case 'logarithm':
      return r => clip(c.slope * Math.log(r) + c.intercept, c.low, c.high)
    case 'power':
      return r => Math.min(c.factor * Math.pow(r, c.exponent), c.high)
    case 'lines':
      return line(c.knots)
  }
}

/** The fit as a function of r >= 0. */
export const fitted = (fit: Fit): ((r: number) => number) => {
  const curves = fit.pieces.map(piece => ({ below: piece.below, value: curve(piece) }))
  const last = curves.at(-1)
  if (last === undefined) throw new RangeError('"pieces" expected at least one, got none')
  return r => (curves.find(piece => r < piece.below) ?? last).value(r)
}

const kinksOfCurve = (c: Curve): readonly number[] => {
  switch (c.form) {
    case 'polynomial':
      return []
    case 'logarithm':
      return [c.low, c.high].map(bound => Math.exp((bound - c.intercept) / c.slope))
    case 'power':
      return [Math.pow(c.high / c.factor, 1 / c.exponent)]
    case 'lines':
      return c.knots.map(([ratio]) => ratio)
  }
}

/** The ratios > 0, ascending, at which the fit jumps or has a corner: where a quadrature or an interpolation must be split. */
export const kinks = (fit: Fit): readonly number[] => {
  const found = fit.pieces.flatMap((piece, i) => {
    const from = fit.pieces[i - 1]?.below ?? 0
    return [...kinksOfCurve(piece).filter(r => r > from && r < piece.below), piece.below]
  })
  return [...new Set(found)].filter(r => r > 0 && r < Infinity).sort((a, b) => a - b)
}
