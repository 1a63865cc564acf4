// A worker thread that does what its batch's first id says: it stands in for worker.ts where a test needs one that
// sleeps, waits for a word of the shared memory to be 1, fails or dies. Otherwise it gives back the ids as the first of its logits, and its thread's number as a first-token state.
import { parentPort, threadId } from 'node:worker_threads'

let setup
let asleep = 0
let closing = false
const closeWhenDone = () => {
  if (closing && asleep === 0) parentPort.close()
}

parentPort.on('message', order => {
  if (order.kind === 'begin') {
    setup = order.setup
    return
  }
  if (order.kind === 'close') {
    closing = true
    closeWhenDone()
    return
  }
  // As placement.ts lays a batch out: ids, offsets, examples, logits.
  const { at, ids: count, offsets, examples, logits } = order.batch
  const { buffer } = setup.memory
  const ids = new Int32Array(buffer, at, count)
  const [what, argument] = ids
  const answer = () => {
    new Float32Array(buffer, at + 4 * (count + offsets + examples), logits).set(ids)
    parentPort.postMessage({ kind: 'outputs', firstTokens: [Float32Array.of(threadId)] })
  }
  const later = () => {
    asleep -= 1
    answer()
    closeWhenDone()
  }
  const untilSet = () => {
    if (new Int32Array(setup.memory.buffer, argument, 1)[0] === 1) later()
    else setTimeout(untilSet, 2)
  }
  if (what === 1) {
    asleep += 1
    setTimeout(later, argument)
  } else if (what === 7) {
    asleep += 1
    untilSet()
  } else if (what === 2) {
    parentPort.postMessage({ kind: 'error', name: 'RangeError', message: 'told to', stack: 'its stack' })
  } else if (what === 3) {
    process.exit(argument)
  } else if (what === 4) {
    setImmediate(() => {
      throw new Error('outside a batch')
    })
  } else if (what === 5) {
    for (const hoard = []; ;) hoard.push(new Array(10_000).fill(hoard.length))
  } else if (what === 6) {
    parentPort.close()
  } else answer()
})
