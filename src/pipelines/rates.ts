/** How fast this machine's kernels are, from a moment's measuring of one core: for estimates only. */
import { characterisationOf } from '../domain/devices/characterised.js'
import { defaultHardware } from '../domain/experiment/hardware.js'
import { lifeOrigin, readOrigin } from '../domain/random/addresses.js'
import { deviceLaws, momentOf } from '../kernels/device-laws.js'
import { createHeap, type Heap } from '../kernels/heap.js'
import { panelsBytes, type Kernels } from '../kernels/kernels.js'
import { deviceLawsBytes, writeDeviceLaws } from '../kernels/reference/law.js'
import { largestCell } from '../kernels/reference/vmm.js'
import { cellsBytes, codesBytes, readCellsScratchBytes, sumsBytes } from '../kernels/tile.js'
import { loadTensorFlow } from '../engines/tensorflow/load.js'
import { orThrow } from '../io/fault.js'
import { openKernels } from './kernels.js'

export interface Rates {
  /** Multiply-accumulates per second of the digital product. */
  readonly product: number
  /** The same of the VMM on a tile. */
  readonly vmm: number
  /** Weights per second that are programmed, drifted and read. */
  readonly read: number
}

const milliseconds = 50
const [rows, inner, columns] = [64, 256, 256]

/** Rounds of some work per second. */
const rate = (work: () => void): number => {
  work()
  const started = performance.now()
  let rounds = 0
  while (performance.now() - started < milliseconds) {
    work()
    rounds += 1
  }
  return rounds / ((performance.now() - started) / 1000)
}

const productRate = (heap: Heap, kernels: Kernels): number => {
  const panels = heap.allocate(panelsBytes(inner, columns))
  const x = heap.allocate(4 * rows * inner)
  const y = heap.allocate(4 * rows * columns)
  const w = heap.allocate(4 * inner * columns)
  kernels.pack({ panels, w, inner, columns })
  return (
    rows *
    inner *
    columns *
    rate(() => {
      kernels.product({ y, x, panels, bias: 0, rows, inner, columns })
    })
  )
}

const vmmRate = (heap: Heap, kernels: Kernels): number => {
  const panels = heap.allocate(cellsBytes(inner, columns, false))
  const codes = heap.allocate(codesBytes(rows, inner))
  const sums = heap.allocate(sumsBytes(rows, columns))
  return (
    rows *
    inner *
    columns *
    rate(() => {
      kernels.vmm({ sums, codes, panels, rows, inner, columns })
    })
  )
}

const readRate = (heap: Heap, kernels: Kernels): number => {
  const { device, noiseScales } = defaultHardware
  const laws = deviceLaws(characterisationOf(device), noiseScales)
  const model = heap.allocate(deviceLawsBytes(laws))
  writeDeviceLaws(heap, model, laws)
  const w = heap.allocate(4 * inner * columns)
  const fullScales = heap.allocate(4 * columns)
  heap.f32(w, inner * columns).forEach((_, i, all) => (all[i] = ((i % 201) - 100) / 100))
  heap.f32(fullScales, columns).fill(1)
  const address = { seed: 0, chip: 0, layer: 0 }
  const places = {
    cells: heap.allocate(cellsBytes(inner, columns, false)),
    scales: heap.allocate(4 * columns),
    scratch: heap.allocate(readCellsScratchBytes(inner)),
    counts: heap.allocate(4),
  }
  return (
    inner *
    columns *
    rate(() => {
      kernels.readCells({
        ...places,
        ...{ w, fullScales, model, rows: inner, columns, firstRow: 0, firstColumn: 0 },
        ...{ variances: 0, varianceScales: 0, effective: 0, load: 0 },
        ...momentOf(characterisationOf(device), noiseScales, 3600),
        ...{ life: lifeOrigin(address), occasion: readOrigin({ ...address, read: 0 }) },
        maxCell: largestCell(inner, 127),
      })
    })
  )
}

/** Multiply-accumulates per second of TensorFlow.js, on all the cores that it uses. */
export const tensorFlowRate = async (): Promise<number> => {
  const { tf } = await orThrow(loadTensorFlow('TensorFlow.js', ''))
  return tf.tidy(() => {
    const [x, w] = [tf.ones([rows, inner]), tf.ones([columns, inner])]
    return rows * inner * columns * rate(() => tf.tidy(() => void tf.matMul(x, w, false, true).dataSync()))
  })
}

export const measuredRates = async (): Promise<Rates> => {
  const heap = createHeap()
  const { kernels } = await openKernels(heap)
  return { product: productRate(heap, kernels), vmm: vmmRate(heap, kernels), read: readRate(heap, kernels) }
}
