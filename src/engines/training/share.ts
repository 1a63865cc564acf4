/** What a row piece of a linear layer gives by itself: the sum that its tiles' ADCs see, before a chip changes it. */
import type { Piece } from '../../domain/crossbar/tiling.js'
import type { LinearLayer } from '../../domain/encoder/architecture.js'
import { panelsBytes } from '../../kernels/kernels.js'
import { parameterOf, type Activation } from '../digital/algebra.js'
import type { Context } from './context.js'

/** y [rows, outputs] = a row piece of the layer by itself, without the bias. On the scratch stack. */
export const share = (
  c: Context,
  { name, inputs, outputs }: LinearLayer,
  x: Activation,
  { first, size }: Piece,
): Activation => {
  const { weight } = parameterOf(c.linear, name)
  const y = c.fresh(x.rows, outputs)
  c.aside.within(() => {
    const panels = c.aside.take(panelsBytes(size, outputs))
    c.kernels.pack({ panels, w: weight + 4 * first, inner: size, columns: outputs, columnStep: inputs })
    c.kernels.product({
      ...{ y: y.at, x: x.at + 4 * first, panels, bias: 0, rows: x.rows, inner: size, columns: outputs },
      xRowStep: x.width,
    })
  })
  return y
}
