/**
 * A reverse-mode tape: operations are performed and written down; `backward` walks them in reverse, from the gradient of
 * one output to those of everything it was made of. Within a scope of the encoder, values are kept, or computed again when
 * they are needed: the same bits either way. Not modelled: second derivatives; a tape is walked once.
 */
import type { Ptr } from '../../kernels/heap.js'
import type { Activation } from '../digital/algebra.js'
import type { Context } from './context.js'
import { gradients, type Gradient, type Receiver } from './gradients.js'
import { operations, type Operands, type Operation } from './operations.js'

interface Performed<O extends Operation = Operation> {
  readonly operation: O
  readonly operands: Operands[O]
  readonly y: Activation
}

/** A scope of the encoder: what was performed in it, or how to perform it again. */
interface Scope {
  readonly operation: 'scope'
  readonly y: Activation
  readonly entries: readonly Entry[] | null
  readonly work: () => Activation
}

type Entry = Performed | Scope

/** What becomes of the values inside scopes; `forgotten`: nothing is written down, there is no way back. */
export type Keeping = 'kept' | 'recomputed' | 'forgotten'

export interface Tape {
  readonly perform: <O extends Operation>(operation: O, operands: Operands[O]) => Activation
  readonly scope: (work: () => Activation) => Activation
  /**
   * @param dy gradient of the output y. @param receiver gets what parameters' gradients are made of, last operation first
   * @returns the gradients of what y was made of and no operation of the tape made
   */
  readonly backward: (y: Activation, dy: Ptr, receiver: Receiver) => ReadonlyMap<Activation, Ptr>
}

/** All values lie on the context's stacks: the tape is good until the scope around it ends. */
export const createTape = (c: Context, keeping: Keeping): Tape => {
  const { kernels, scratch, aside } = c
  /** Where entries go; null: they are not written down. */
  let entries: Entry[] | null = keeping === 'forgotten' ? null : []

  /** What `work` performs, written down apart. */
  const recorded = (to: Entry[] | null, work: () => Activation): Activation => {
    const outer = entries
    entries = to
    try {
      return work()
    } finally {
      entries = outer
    }
  }

  const perform: Tape['perform'] = (operation, operands) => {
    const y = operations[operation](c, operands)
    entries?.push({ operation, operands, y }) // as: operands are of this operation
    return y
  }

  const scope: Tape['scope'] = work => {
    if (entries === null) return c.digital.scope(work)
    const inner: Entry[] | null = keeping === 'kept' ? [] : null
    const y = inner === null ? c.digital.scope(() => recorded(null, work)) : recorded(inner, work)
    entries.push({ operation: 'scope', y, entries: inner, work })
    return y
  }

  const backward: Tape['backward'] = (output, dOutput, receiver) => {
    const found = new Map<Activation, Ptr>([[output, dOutput]])
    /** Gradients on `aside`, ours to add to. */
    const lasting = new Set<Activation>()

    const add = (y: Ptr, a: Ptr, b: Ptr, x: Activation): void => kernels.add({ y, a, b, length: x.rows * x.width })

    /** Of a value made inside the scope that is being walked: its gradient goes when the scope ends. */
    const giveInside = (x: Activation, dx: Ptr): void => {
      const before = found.get(x)
      if (before === undefined) found.set(x, dx)
      else {
        const sum = c.fresh(x.rows, x.width)
        add(sum.at, before, dx, x)
        found.set(x, sum.at)
      }
    }
    /** Of a value from outside: its gradient stays. */
    const giveOutside = (x: Activation, dx: Ptr): void => {
      const before = found.get(x)
      if (before !== undefined && lasting.has(x)) {
        add(before, before, dx, x)
        return
      }
      const bytes = 4 * x.rows * x.width
      const at = aside.take(bytes)
      if (before === undefined) c.heap.u8(at, bytes).set(c.heap.u8(dx, bytes))
      else add(at, before, dx, x)
      found.set(x, at)
      lasting.add(x)
    }

    const walk = (list: readonly Entry[], give: (x: Activation, dx: Ptr) => void): void => {
      for (const entry of list.toReversed()) {
        const dy = found.get(entry.y)
        if (dy === undefined) continue
        if (entry.operation === 'scope') walkScope(entry, dy)
        else {
          const gradient = gradients[entry.operation] as Gradient<Operation> // as: the entry's operands are of its operation
          gradient(c, entry.operands, entry.y, { ...entry.y, at: dy }, { give, receiver })
        }
        found.delete(entry.y)
      }
    }

    const walkScope = (scoped: Scope, dy: Ptr): void =>
      scratch.within(() => {
        const again: Entry[] = []
        if (scoped.entries === null) found.set(recorded(again, scoped.work), dy)
        const inner = scoped.entries ?? again
        const inside = new Set(inner.map(({ y }) => y))
        walk(inner, (x, dx) => (inside.has(x) ? giveInside(x, dx) : giveOutside(x, dx)))
      })

    walk(entries ?? [], giveInside)
    return found
  }

  return { perform, scope, backward }
}
