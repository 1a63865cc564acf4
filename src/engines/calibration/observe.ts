/**
 * Calibration examples through the model, and what their passing leaves in its layers' summaries: added up token by token
 * in the order of the examples, each group of sequences in its turn, so that neither threads nor groups change a bit.
 * Not here: what ranges are made of them (domain/ranges).
 */
import type { Batch } from '../../domain/encoder/algebra.js'
import type { Piece } from '../../domain/crossbar/tiling.js'
import { addToTail, binOf, coarseBins, fineBins, tailBins } from '../../domain/ranges/histogram.js'
import { offer, slotOf } from '../../domain/ranges/sample.js'
import type { Ptr } from '../../kernels/heap.js'
import { panelsBytes } from '../../kernels/kernels.js'
import { createScratch } from '../../kernels/scratch.js'
import { parameterOf, type Activation } from '../digital/algebra.js'
import { forward } from '../forward.js'
import { tapeAlgebra } from '../training/algebra.js'
import { contextOf, type Context } from '../training/context.js'
import { differentiate } from '../training/differentiate.js'
import { createTape } from '../training/tape.js'
import { share } from '../training/share.js'
import { turnsOf, type Turns } from '../training/turns.js'
import type { Workbench } from '../workbench.js'
import { firstTail, sampleAt, type CalibrationParameters, type LayerPlaces, type MomentPlaces } from './parameters.js'

/** Task: adds a group of sequences to the summaries. */
export interface Observe {
  readonly kind: 'observe'
  readonly batch: Batch
  /** Number of this group since the summaries were empty: groups start in this order. */
  readonly group: number
  /**
   * Of each logit in a function of them: an output's error counts as the square of that function's gradient with respect
   * to it. null: all errors count the same.
   */
  readonly contrast: Float32Array | null
  /** The same examples have passed before, for another contrast. */
  readonly again: boolean
}

/** What was found where a number below 2^60 was expected: as the task's result, five numbers; none if all are such. */
export interface NotFinite {
  /** Position of the layer in the forward pass. */
  readonly layer: number
  readonly example: number
  readonly of: 'input' | 'gradient'
  /** Which input of the layer, or which output's gradient. */
  readonly index: number
  readonly value: number
}

/** Pattern of 2^60: beyond, squares times squares would leave binary32; infinities and NaN are beyond, too. */
const tooLarge = 0x5d80_0000
const magnitude = 0x7fff_ffff

/** The first number of an activation that is none, or too large. */
const firstBad = (
  c: Context,
  { number }: LayerPlaces,
  of: NotFinite['of'],
  x: Activation,
  within: Piece,
): NotFinite | null => {
  const patterns = c.heap.u32(x.at, x.rows * x.width)
  for (let r = 0; r < x.rows; r++)
    for (let i = within.first; i < within.first + within.size; i++)
      if (((patterns[r * x.width + i] ?? 0) & magnitude) >= tooLarge) {
        const example = c.heap.i32(c.rowsOf(x).examples, x.rows)[r] ?? NaN
        return {
          layer: number,
          example,
          of,
          index: i,
          value: c.heap.f32(x.at, x.rows * x.width)[r * x.width + i] ?? NaN,
        }
      }
  return null
}

const addMoments = (c: Context, to: MomentPlaces, skip: number, x: Activation): void =>
  c.kernels.addMoments({
    ...{ sum: to.sum + 8 * skip, squares: to.squares + 8 * skip, absMax: to.absMax + 4 * skip },
    ...{ x: x.at, rows: x.rows, columns: x.width },
  })

/** Inputs: their moments and, by row piece, how they are spread. */
const addInputs = (c: Context, layer: LayerPlaces, x: Activation): void => {
  addMoments(c, layer.inputMoments, 0, x)
  const patterns = c.heap.i32(x.at, x.rows * x.width)
  layer.pieces.forEach(({ first, size }, p) => {
    const counts = c.heap.u32(layer.counts + 4 * 2 * fineBins.count * p, 2 * fineBins.count)
    for (let r = 0; r < x.rows; r++)
      for (let at = r * x.width + first; at < r * x.width + first + size; at++) {
        const pattern = patterns[at] ?? 0
        // -0 is no negative number.
        const bin = binOf(fineBins, pattern) + (pattern < 0 && pattern !== -0x8000_0000 ? fineBins.count : 0)
        counts[bin] = (counts[bin] ?? 0) + 1
      }
  })
}

const squared = (c: Context, x: Activation): Activation => {
  const y = c.fresh(x.rows, x.width)
  const [from, to] = [c.heap.f32(x.at, x.rows * x.width), c.heap.f32(y.at, x.rows * x.width)]
  for (let k = 0; k < from.length; k++) {
    const v = from[k] ?? NaN
    to[k] = v * v
  }
  return y
}

/** For every input of a tile [rows, tile's rows]: sum over the tile's columns of h_tj w_ij^2. On the scratch stack. */
const importance = (
  c: Context,
  { inputs }: LayerPlaces,
  weight: Ptr,
  h: Activation,
  { rows, columns }: { readonly rows: Piece; readonly columns: Piece },
): Activation => {
  const y = c.fresh(h.rows, rows.size)
  c.aside.within(() => {
    const squares = c.aside.take(4 * columns.size * rows.size)
    for (let j = 0; j < columns.size; j++) {
      const from = c.heap.f32(weight + 4 * ((columns.first + j) * inputs + rows.first), rows.size)
      const to = c.heap.f32(squares + 4 * j * rows.size, rows.size)
      for (let i = 0; i < rows.size; i++) {
        const w = from[i] ?? NaN
        to[i] = w * w
      }
    }
    const panels = c.aside.take(panelsBytes(columns.size, rows.size))
    c.kernels.pack({ panels, w: squares, inner: columns.size, columns: rows.size, columnStep: 1, innerStep: rows.size })
    c.kernels.product({
      ...{ y: y.at, x: h.at + 4 * columns.first, panels, bias: 0 },
      ...{ rows: h.rows, inner: columns.size, columns: rows.size, xRowStep: h.width },
    })
  })
  return y
}

/** Numbers of x, from `first` on in its rows, into a weighted histogram over magnitudes. */
const addWeighted = (c: Context, to: Ptr, x: Activation, first: number, weights: Activation): void => {
  const slots = c.heap.f64(to, coarseBins.count)
  const patterns = c.heap.i32(x.at, x.rows * x.width)
  const w = c.heap.f32(weights.at, weights.rows * weights.width)
  for (let r = 0; r < weights.rows; r++)
    for (let i = 0; i < weights.width; i++) {
      const bin = binOf(coarseBins, patterns[r * x.width + first + i] ?? 0)
      slots[bin] = (slots[bin] ?? NaN) + (w[r * weights.width + i] ?? NaN)
    }
}

/** The same row by row, into the tails of the tile's rows. */
const addToRowTails = (c: Context, layer: LayerPlaces, tile: number, x: Activation, weights: Activation): void => {
  if (layer.rowTails === 0) return
  const [first, size] = [firstTail(layer, tile), weights.width]
  const slots = c.heap.f64(layer.rowTails + 8 * tailBins * first, tailBins * size)
  const tops = c.heap.i32(layer.rowTops + 4 * first, size)
  const patterns = c.heap.i32(x.at, x.rows * x.width)
  const w = c.heap.f32(weights.at, weights.rows * size)
  const start = layer.tiles[tile]?.rows.first ?? NaN
  for (let r = 0, k = 0; r < weights.rows; r++)
    for (let i = 0; i < size; i++, k++) addToTail(slots, tops, i, patterns[r * x.width + start + i] ?? 0, w[k] ?? NaN)
}

/** Input vectors for the layer's sample, each with its outputs' weights: chosen as they pass first, added to later. */
const addToSample = (
  c: Context,
  { sample: places, inputs, outputs }: LayerPlaces,
  x: Activation,
  h: Activation,
  again: boolean,
): void => {
  if (places === null) return
  const sample = sampleAt(c.heap, places)
  const rows = c.rowsOf(x)
  const [examples, tokens] = [c.heap.u32(rows.examples, x.rows), c.heap.u32(rows.tokens, x.rows)]
  for (let r = 0; r < x.rows; r++) {
    const [example, token] = [examples[r] ?? NaN, tokens[r] ?? NaN]
    const own = c.heap.f32(h.at + 4 * r * outputs, outputs)
    if (again) {
      const slot = slotOf(sample, example, token)
      if (slot < 0) continue
      const kept = c.heap.f32(places.h + 4 * slot * outputs, outputs)
      own.forEach((v, j) => (kept[j] = (kept[j] ?? NaN) + v))
      continue
    }
    const slot = offer(
      sample,
      example,
      token,
      own.reduce((a, b) => a + b, 0),
    )
    if (slot < 0) continue
    c.heap.f32(places.x + 4 * slot * inputs, inputs).set(c.heap.f32(x.at + 4 * r * inputs, inputs))
    c.heap.f32(places.h + 4 * slot * outputs, outputs).set(own)
  }
}

/** What errors depend on. @param dy null: every token's error in every column counts the same */
const errorsOf = (
  c: Context,
  layer: LayerPlaces,
  x: Activation,
  dy: Activation | null,
  again: boolean,
): (() => void) => {
  const { heap, kernels, aside } = c
  const { inputs, outputs } = layer
  const { weight } = parameterOf(c.linear, layer.name)
  const h = dy === null ? c.fresh(x.rows, outputs) : squared(c, dy)
  if (dy === null) heap.f32(h.at, h.rows * h.width).fill(1)
  const energies = squared(c, x)
  const shares = layer.pieces.map(piece => share(c, layer, x, piece))
  const importances = layer.tiles.map(tile => importance(c, layer, weight, h, tile))
  return () => {
    aside.within(() => {
      const panels = aside.take(panelsBytes(x.rows, inputs))
      kernels.pack({ panels, w: energies.at, inner: x.rows, columns: inputs, columnStep: 1, innerStep: inputs })
      kernels.weightGradient({
        ...{ y: layer.energies, dy: h.at, panels, offsets: c.rowsOf(x).offsets, sequences: c.batch.sequences },
        ...{ rows: outputs, columns: inputs, onward: true },
      })
    })
    layer.tiles.forEach((tile, k) => {
      const own = importances[k]
      if (own === undefined) return
      addWeighted(c, layer.weighted + 8 * coarseBins.count * k, x, tile.rows.first, own)
      addToRowTails(c, layer, k, x, own)
    })
    const weights = heap.f32(h.at, h.rows * outputs)
    const masses = heap.f64(layer.masses, outputs)
    for (let k = 0, j = 0; k < weights.length; k++, j = j + 1 === outputs ? 0 : j + 1)
      masses[j] = (masses[j] ?? NaN) + (weights[k] ?? NaN)
    shares.forEach(({ at }, p) => {
      const slots = heap.f64(layer.tails + 8 * tailBins * outputs * p, tailBins * outputs)
      const tops = heap.i32(layer.tops + 4 * outputs * p, outputs)
      const patterns = heap.i32(at, x.rows * outputs)
      for (let k = 0, j = 0; k < patterns.length; k++, j = j + 1 === outputs ? 0 : j + 1)
        addToTail(slots, tops, j, patterns[k] ?? 0, weights[k] ?? NaN)
    })
    addToSample(c, layer, x, h, again)
  }
}

/** What a layer's input, and its output's gradient, add to its summaries: first what need not wait, then the rest in turn. */
const addition = (
  c: Context,
  { observed }: CalibrationParameters,
  layer: LayerPlaces,
  x: Activation,
  dy: Activation | null,
  again: boolean,
): (() => void) => {
  switch (observed) {
    case 'inputs':
      return () => addInputs(c, layer, x)
    case 'outputs': {
      const shares = layer.pieces.map(piece => share(c, layer, x, piece))
      return () => shares.forEach((y, p) => addMoments(c, layer.outputMoments, p * layer.outputs, y))
    }
    case 'errors':
      return errorsOf(c, layer, x, dy, again)
  }
}

const observing =
  (parameters: CalibrationParameters, turns: Turns, { group, again }: Observe, bad: NotFinite[]) =>
  (c: Context) =>
  (name: string, x: Activation, dy: Activation | null): void =>
    c.scratch.within(() => {
      const layer = parameterOf(parameters.layers, name)
      const { index } = parameterOf(parameters.tensors, `${name}.weight`)
      const found =
        layer.pieces.map(piece => firstBad(c, layer, 'input', x, piece)).find(b => b !== null) ??
        (dy === null ? null : firstBad(c, layer, 'gradient', dy, { first: 0, size: dy.width }))
      if (found !== null) bad.push(found)
      const add = found === null ? addition(c, parameters, layer, x, dy, again) : () => undefined
      turns.take(index, group, add)
    })

const numbersOf = ({ layer, example, of, index, value }: NotFinite): Float64Array =>
  Float64Array.of(layer, example, of === 'input' ? 0 : 1, index, value)

/** What the task's result says; null if every number could be used. */
export const notFinite = ([layer, example, of, index, value]: Float64Array): NotFinite | null =>
  layer === undefined
    ? null
    : { layer, example: example ?? NaN, of: of === 0 ? 'input' : 'gradient', index: index ?? NaN, value: value ?? NaN }

/** The same contrast for every sequence: [sequences, labels]. */
const repeated = (contrast: Float32Array, sequences: number): Float32Array => {
  const all = new Float32Array(sequences * contrast.length)
  for (let s = 0; s < sequences; s++) all.set(contrast, s * contrast.length)
  return all
}

const passing = (bench: Workbench, parameters: CalibrationParameters, task: Observe, bad: NotFinite[]): void => {
  const { batch, contrast } = task
  const turns = turnsOf(bench.heap, parameters.turns, parameters.tensors.size)
  const observe = observing(parameters, turns, task, bad)
  try {
    if (contrast !== null) {
      const weights = repeated(contrast, batch.examples.length)
      differentiate(
        bench,
        parameters,
        { batch, loss: { kind: 'linear', weights }, dropout: null, hardware: null, keeping: 'kept' },
        c => ({
          linear: observe(c),
          tiles: () => undefined,
          layerNorm: () => undefined,
          embed: () => undefined,
        }),
      )
      return
    }
    const aside = createScratch(bench.heap)
    try {
      bench.scratch.within(() => {
        const c = contextOf(bench, aside, parameters, batch, null, null)
        const algebra = tapeAlgebra(c, createTape(c, 'forgotten'))
        const see = observe(c)
        const linear: typeof algebra.linear = (layer, x) => {
          see(layer, x, null)
          return algebra.linear(layer, x)
        }
        forward(bench, parameters.architecture, { ...algebra, linear }, batch, false)
      })
    } finally {
      aside.close()
    }
  } catch (error) {
    turns.abandon()
    throw error
  }
}

/** @returns as `notFinite` reads it: in a forward pass the first layer's, else the last's that has one */
export const observe = (bench: Workbench, parameters: CalibrationParameters, task: Observe): Float64Array => {
  const bad: NotFinite[] = []
  passing(bench, parameters, task, bad)
  // In a backward pass the first layer to go wrong is seen last.
  const first = bad.reduce<NotFinite | null>((a, b) => (a === null || b.layer < a.layer ? b : a), null)
  return first === null ? new Float64Array(0) : numbersOf(first)
}
