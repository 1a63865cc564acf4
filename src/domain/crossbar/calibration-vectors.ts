/**
 * The inputs a chip measures itself with: the same for every tile, chip and seed, as a chip would keep them in a table.
 * Uniform in [-1, 1], in units of the input range: column sums spread like those of real activations, well inside the ADC.
 * Not modelled: vectors chosen for a layer.
 */
import { stream } from '../random/stream.js'

/** Measurements a tile; the noise of one readout falls by the square root of it. */
export const calibrationVectorCount = 64

/** [calibrationVectorCount, rows], row by row; those of a shorter tile are the beginnings of the longer's. */
export const calibrationVectorsInto = (out: Float32Array, rows: number): void => {
  for (let k = 0; k < calibrationVectorCount; k++) {
    const { uniform } = stream(0, 'calibration vectors', k)
    for (let i = 0; i < rows; i++) out[k * rows + i] = 2 * uniform() - 1
  }
}
