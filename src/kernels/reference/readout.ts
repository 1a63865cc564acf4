/**
 * From a tile's column sums to its share of the layer's output, each operation rounded to binary32:
 *
 *     z = sum zScale_j                            (the sum an int32, rounded once, or a binary32)
 *     z = z + outputNoise xi                      if outputNoise is not 0
 *     z = z + sqrt(variance varianceScale_j) xi'  with read noise per VMM
 *     z = roundHalfEven(clamp(z adcScale, -maxCode, maxCode))     unless the ADC is off
 *     z = z yScale_j (+ offset_j);   y_j = y_j + z, or z on the first row tile;   y_j = y_j + bias_j on the last
 *
 * For training, the residue: by how much the output, in steps of the ADC, changes as the step does. Of a z = k rounded it is
 * k - sum zScale_j adcScale, of one clipped k, without ADC outputNoise xi; its lowest bit says clipped (quantiser.ts).
 * Not modelled: the ADC's own noise and non-linearity.
 */
import type { Key } from '../../domain/random/philox.js'
import { roundingMagic } from './float32.js'
import { normals } from './normal.js'
import { residueOf } from './quantiser.js'
import { paddedColumns } from './vmm.js'

const { fround, sqrt, abs } = Math

export interface ReadoutShape {
  readonly rows: number
  readonly columns: number
  readonly yRowStep: number
}

/** Per column, at least `columns` long. */
export interface ColumnFactors {
  readonly zScale: Float32Array
  readonly yScale: Float32Array
  readonly offset: Float32Array | null
  readonly bias: Float32Array | null
  readonly varianceScale: Float32Array | null
}

export interface Converting {
  /** 0: the ADC is off. */
  readonly maxCode: number
  readonly adcScale: number
  readonly onward: boolean
}

export interface ColumnNoise {
  readonly outputNoise: number
  readonly key: Key
  readonly word2: number
  readonly outputWord3: number
  readonly readWord3: number
  /** Per row: position in the sequence below 2^16, and example. */
  readonly tokens: Uint32Array
  readonly examples: Uint32Array
}

const four = [0, 0, 0, 0] as const

/** @param sums, variances, residues [rows, padded columns]. @returns column sums beyond the ADC's range. */
export const readoutInto = (
  y: Float32Array,
  sums: Int32Array | Float32Array,
  variances: Int32Array | null,
  { rows, columns, yRowStep }: ReadoutShape,
  f: ColumnFactors,
  { maxCode, adcScale, onward }: Converting,
  n: ColumnNoise,
  residues: Float32Array | null = null,
): number => {
  const step = paddedColumns(columns)
  let saturated = 0
  for (let r = 0; r < rows; r++)
    for (let block = 0; block < step / 4 + 16; block++) {
      const first = (block >> 4) * 64 + (block & 15)
      if (first >= columns) continue
      const counter = (word3: number): readonly [number, number, number, number] => [
        (((n.tokens[r] ?? 0) << 16) + block) | 0,
        n.examples[r] ?? 0,
        n.word2,
        word3,
      ]
      const output = n.outputNoise === 0 ? four : normals(counter(n.outputWord3), n.key)
      const read = variances === null ? four : normals(counter(n.readWord3), n.key)
      for (let i = 0; i < 4; i++) {
        const j = first + 16 * i
        if (j >= columns) break
        const at = (list: Float32Array): number => list[j] ?? 0
        let z = fround(fround(sums[r * step + j] ?? 0) * at(f.zScale))
        const signal = z
        let residue = 0
        let beyond = false
        if (n.outputNoise !== 0) {
          residue = fround(n.outputNoise * (output[i] ?? 0))
          z = fround(z + residue)
        }
        if (variances !== null && f.varianceScale !== null) {
          const variance = fround(fround(variances[r * step + j] ?? 0) * at(f.varianceScale))
          z = fround(z + fround(fround(sqrt(variance)) * (read[i] ?? 0)))
        }
        if (maxCode !== 0) {
          z = fround(z * adcScale)
          beyond = abs(z) > maxCode
          if (beyond) saturated++
          z = z > maxCode ? maxCode : z
          z = z < -maxCode ? -maxCode : z
          z = fround(fround(z + roundingMagic) - roundingMagic)
          residue = fround(z - (beyond ? 0 : fround(signal * adcScale)))
        }
        if (residues !== null) residues[r * step + j] = residueOf(residue, beyond)
        z = fround(z * at(f.yScale))
        if (f.offset !== null) z = fround(z + at(f.offset))
        if (onward) z = fround((y[r * yRowStep + j] ?? 0) + z)
        if (f.bias !== null) z = fround(z + at(f.bias))
        y[r * yRowStep + j] = z
      }
    }
  return saturated
}
