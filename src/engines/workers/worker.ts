/**
 * A worker thread's whole life: attach the shared heap, load kernels, run batches until told to close.
 * An error in a batch is reported and the thread goes on; one anywhere else ends it, which thread.ts reports.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { isLeft } from 'fp-ts/lib/Either.js'
import { Failure } from '../../domain/problem.js'
import { attachHeap } from '../../kernels/heap.js'
import { interpreter } from '../interpreter.js'
import { openWorkbench } from '../workbench.js'
import type { Order, Report, Setup, Work } from './message.js'
import { batchAt, countsAt, logitsAt } from './placement.js'

if (parentPort === null) throw new Error('expected to run in a worker thread')
const port = parentPort
const { memory, kernels, model } = workerData as Setup // as: thread.ts starts this module and sends nothing else
const opened = await openWorkbench(attachHeap(memory), kernels)()
if (isLeft(opened)) throw new Failure(opened.left)
const bench = opened.right
const { run, perform } = interpreter(bench, model)

/**
 * A worker makes so little garbage that V8 lets it lie until megabytes have gathered, in every worker, and a long stream
 * would seem to leak. Collecting its few live megabytes now and then takes a millisecond.
 */
const batchesBetweenCollections = 128
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // as: what the flag exposes
let batches = 0

const done = (order: Work): Report => {
  if (order.kind === 'perform') return { kind: 'result', result: perform(order.task) }
  const { logits, firstTokens, counts } = run(batchAt(bench.heap, order.batch), order.options)
  logitsAt(bench.heap, order.batch).set(logits)
  countsAt(bench.heap, order.batch).set(counts)
  return { kind: 'outputs', firstTokens }
}

const reportOn = (order: Work): Report => {
  try {
    return done(order)
  } catch (thrown) {
    const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown))
    return { kind: 'error', name, message, stack }
  }
}

/** What a report need not copy. */
const buffersOf = (report: Report): ArrayBuffer[] => {
  const arrays = report.kind === 'outputs' ? report.firstTokens : report.kind === 'result' ? [report.result] : []
  return arrays.map(a => a.buffer as ArrayBuffer) // as: made by the interpreter, never on the shared heap
}

port.on('message', (order: Order) => {
  if (order.kind === 'close') {
    bench.scratch.close()
    port.close()
    return
  }
  const report = reportOn(order)
  batches += 1
  port.postMessage(report, buffersOf(report))
  if (batches % batchesBetweenCollections === 0) collect()
})
