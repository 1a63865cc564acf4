/**
 * Gradients of parameters, added up sequence by sequence: each group of sequences in its turn, each tensor in one fixed
 * order of terms, so that neither threads nor groups change a bit. Not modelled: sparse gradients.
 */
import type { Ptr } from '../../kernels/heap.js'
import { panelsBytes } from '../../kernels/kernels.js'
import { paddedColumns } from '../../kernels/reference/vmm.js'
import { parameterOf, type Activation } from '../digital/algebra.js'
import type { Context } from './context.js'
import type { Receiver } from './gradients.js'
import { tileInputs, type TileGradient } from './hardware/linear.js'
import type { HardwareLayer } from './hardware/model.js'
import { tileOffset } from './hardware/weights.js'
import type { Turns } from './turns.js'

/**
 * @param group number of this group of sequences in its step; the first writes gradients, later ones add to them, except
 * the embeddings' tables, which must be zero before the first
 */
export const accumulating = (c: Context, turns: Turns, group: number): Receiver => {
  const { kernels, aside, batch, parameters, linear, rowsOf } = c
  const inTurn = (name: string, add: (gradient: Ptr) => void): void => {
    const { index, gradient } = parameterOf(parameters.tensors, name)
    turns.take(index, group, () => add(gradient))
  }
  const onward = group > 0
  const columnSums = (name: string, x: Activation): void =>
    inTurn(name, y =>
      kernels.columnSums({
        ...{ y, x: x.at, offsets: rowsOf(x).offsets, sequences: batch.sequences, columns: x.width, onward },
      }),
    )
  const scattered = (name: string, dy: Activation, index: Ptr): void =>
    inTurn(name, table =>
      kernels.scatterAdd({
        ...{ table, x: dy.at, index, rows: dy.rows, width: dy.width, skip: parameters.architecture.paddingId },
      }),
    )
  /** A tile's share of the gradient of its layer's weight, and the sums that gradients of its ranges are made of. */
  const ofTile = (layer: HardwareLayer, x: Activation, dy: Activation, part: TileGradient, weight: Ptr): void => {
    const { tile, dSums, residues, products } = part
    const [inner, columns] = [tile.rows.size, tile.columns.size]
    const { offsets } = rowsOf(x)
    const over = { offsets, sequences: batch.sequences, onward }
    aside.within(() => {
      const maxCode = c.hardware?.model.dacMaxCode ?? 0
      const inputs = tileInputs(c, tile, x, beta => beta / maxCode)
      const panels = aside.take(panelsBytes(x.rows, inner))
      kernels.pack({ panels, w: inputs.at, inner: x.rows, columns: inner, columnStep: 1, innerStep: inputs.step })
      kernels.weightGradient({
        ...{ ...over, y: weight + tileOffset(layer, tile), dy: dSums, panels, rows: columns, columns: inner },
        yRowStep: layer.inputs,
      })
    })
    if (tile.columnSums !== 0)
      kernels.columnDots({
        ...{ ...over, y: tile.columnSums, x: dy.at + 4 * tile.columns.first, z: residues, columns },
        ...{ xRowStep: dy.width, zRowStep: paddedColumns(columns) },
      })
    if (tile.rowSums !== 0) kernels.columnSums({ ...over, y: tile.rowSums, x: products, columns: inner })
  }
  return {
    tiles: (layer, x, dy, parts) => {
      inTurn(`${layer.name}.weight`, weight => {
        for (const part of parts) ofTile(layer, x, dy, part, weight)
      })
      columnSums(`${layer.name}.bias`, dy)
    },
    linear: (layer, x, dy) => {
      const { inputs, outputs } = parameterOf(linear, layer)
      aside.within(() => {
        const panels = aside.take(panelsBytes(x.rows, inputs))
        kernels.pack({ panels, w: x.at, inner: x.rows, columns: inputs, columnStep: 1, innerStep: inputs })
        const { offsets } = rowsOf(x)
        inTurn(`${layer}.weight`, y =>
          kernels.weightGradient({
            ...{ y, dy: dy.at, panels, offsets, sequences: batch.sequences, rows: outputs, columns: inputs, onward },
          }),
        )
      })
      columnSums(`${layer}.bias`, dy)
    },
    layerNorm: (name, products, dy) => {
      columnSums(`${name}.weight`, products)
      columnSums(`${name}.bias`, dy)
    },
    embed: dy => {
      scattered('embeddings.word_embeddings.weight', dy, batch.ids)
      scattered('embeddings.position_embeddings.weight', dy, batch.places)
      columnSums('embeddings.token_type_embeddings.weight', dy)
    },
  }
}
