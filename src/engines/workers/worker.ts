/**
 * A worker thread's whole life: attach an engine's shared heap, load kernels, run batches until the engine closes, wait
 * for the next one's. An error in a batch is reported and the thread goes on; one anywhere else ends it, which thread.ts
 * reports.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort } from 'node:worker_threads'
import { isLeft } from 'fp-ts/lib/Either.js'
import { Failure } from '../../domain/problem.js'
import { attachHeap } from '../../kernels/heap.js'
import { lease, type Lease } from '../../kernels/lease.js'
import { interpreter, type Interpreter } from '../interpreter.js'
import { openWorkbench, type Workbench } from '../workbench.js'
import type { Order, Report, Setup, Work } from './message.js'
import { batchAt, countsAt, logitsAt } from './placement.js'

if (parentPort === null) throw new Error('expected to run in a worker thread')
const port = parentPort

/** What it works with, for one engine after the other. */
interface Workplace extends Interpreter {
  readonly bench: Workbench
  /** Of this thread's own blocks. */
  readonly heap: Lease
}

const workplaceOf = async ({ memory, kernels, model }: Setup): Promise<Workplace> => {
  const heap = lease(attachHeap(memory))
  const opened = await openWorkbench(heap, kernels)()
  if (isLeft(opened)) throw new Failure(opened.left)
  return { bench: opened.right, heap, ...interpreter(opened.right, model) }
}

/**
 * A worker makes so little garbage that V8 lets it lie until megabytes have gathered, in every worker, and a long stream
 * would seem to leak. Collecting its few live megabytes now and then takes a millisecond.
 */
const batchesBetweenCollections = 128
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // as: what the flag exposes
let batches = 0

const done = ({ bench, run, perform }: Workplace, order: Work): Report => {
  if (order.kind === 'perform') return { kind: 'result', result: perform(order.task) }
  const { logits, firstTokens, counts } = run(batchAt(bench.heap, order.batch), order.options)
  logitsAt(bench.heap, order.batch).set(logits)
  countsAt(bench.heap, order.batch).set(counts)
  return { kind: 'outputs', firstTokens }
}

const reportOn = (workplace: Workplace, order: Work): Report => {
  try {
    return done(workplace, order)
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

/** null between engines; what comes while one begins waits for it. */
let workplace: Promise<Workplace> | null = null

const obey = (at: Workplace, order: Exclude<Order, { readonly kind: 'begin' }>): void => {
  if (order.kind === 'close') {
    at.bench.scratch.close()
    at.heap.end()
    workplace = null
    port.postMessage({ kind: 'closed' } satisfies Report)
    // Nothing here refers to the engine's memory any more, which may be gigabytes.
    setImmediate(collect)
    return
  }
  const report = reportOn(at, order)
  batches += 1
  port.postMessage(report, buffersOf(report))
  if (batches % batchesBetweenCollections === 0) collect()
}

port.on('message', (order: Order) => {
  // What fails here ends the thread: nothing awaits it.
  if (order.kind === 'begin') workplace = workplaceOf(order.setup)
  else void workplace?.then(at => obey(at, order))
})
