/**
 * Chooses the kernels that run: native where a compiler is or was, else WebAssembly, else the reference; or the one asked
 * for, or an error that says why not. All give the same bits. Not modelled: a choice that changes during a run.
 */
import * as E from 'fp-ts/lib/Either.js'
import type { TaskEither } from 'fp-ts/lib/TaskEither.js'
import { describe, problem, type Problem } from '../domain/problem.js'
import type { Heap } from './heap.js'
import type { Kernels } from './kernels.js'
import { referenceKernels } from './reference/kernels.js'
import { webAssemblyKernels } from './webassembly-kernels.js'

export const kernelKinds = ['native', 'wasm', 'reference'] as const
export type KernelKind = (typeof kernelKinds)[number]

/** `scalar` is the set compiled without options: SSE2, NEON or scalar code. */
export const instructionSets = ['avx512vnni', 'avx512', 'avx2', 'sse2', 'neon', 'scalar'] as const
export type InstructionSet = (typeof instructionSets)[number]

/** What is forced; nothing: the fastest there is. An instruction set implies native. */
export interface KernelChoice {
  readonly kind?: KernelKind
  readonly isa?: InstructionSet
}

export interface LoadedKernels {
  readonly kernels: Kernels
  readonly kind: KernelKind
  /** Instruction set of native kernels, else null. */
  readonly isa: string | null
  /** For a person: why these and not faster ones. */
  readonly why: string
}

const member = <T extends string>(name: string, allowed: readonly T[], value: string): E.Either<Problem, T> => {
  const found = allowed.find(a => a === value)
  return found === undefined
    ? E.left(problem('environment', name, allowed.join(', '), JSON.stringify(value)))
    : E.right(found)
}

/** The choice in OHMFLOW_KERNELS and OHMFLOW_ISA; empty is as good as absent. */
export const choiceFrom = (
  environment: Readonly<Record<string, string | undefined>>,
): E.Either<Problem, KernelChoice> => {
  const { OHMFLOW_KERNELS: kind = '', OHMFLOW_ISA: isa = '' } = environment
  const k = kind === '' ? E.right(undefined) : member('OHMFLOW_KERNELS', kernelKinds, kind)
  if (E.isLeft(k)) return k
  const i = isa === '' ? E.right(undefined) : member('OHMFLOW_ISA', instructionSets, isa)
  if (E.isLeft(i)) return i
  if (i.right !== undefined && k.right !== undefined && k.right !== 'native')
    return E.left(problem('environment', 'OHMFLOW_ISA', `OHMFLOW_KERNELS=native beside it`, k.right))
  return E.right({
    ...(k.right === undefined ? {} : { kind: k.right }),
    ...(i.right === undefined ? {} : { isa: i.right }),
  })
}

const native = async (heap: Heap, isa: InstructionSet | undefined): Promise<E.Either<Problem, LoadedKernels>> => {
  if (!('process' in globalThis)) return E.left(problem('native kernels', '', 'Node', 'a browser'))
  const { nativeKernels } = await import('./native/addon.js')
  const loaded = await nativeKernels()
  if (E.isLeft(loaded)) return loaded
  const { sets, open } = loaded.right
  const set = isa === 'scalar' ? sets.at(-1) : isa === undefined ? sets[0] : sets.find(s => s === isa)
  if (set === undefined)
    return E.left(problem('native kernels', '', `one of ${sets.join(', ')} on this processor`, isa ?? 'none'))
  const why = isa === undefined ? 'the best this processor can run' : `asked for ${isa}`
  return E.right({ kernels: open(heap, set), kind: 'native', isa: set, why })
}

const wasm = (heap: Heap, why: string): E.Either<Problem, LoadedKernels> => {
  try {
    return E.right({ kernels: webAssemblyKernels(heap), kind: 'wasm', isa: null, why })
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    return E.left(problem('WebAssembly kernels', '', 'an engine with SIMD and shared memory', found))
  }
}

const reference = (heap: Heap, why: string): LoadedKernels => ({
  kernels: referenceKernels(heap),
  kind: 'reference',
  isa: null,
  why,
})

/** Kernels over this heap for this thread: every thread loads its own, of the same kind or not, over the same heap. */
export const loadKernels =
  (heap: Heap, choice: KernelChoice = {}): TaskEither<Problem, LoadedKernels> =>
  async () => {
    if (choice.kind === 'reference') return E.right(reference(heap, 'asked for'))
    if (choice.kind === 'wasm') return wasm(heap, 'asked for')
    const fast = await native(heap, choice.isa)
    if (E.isRight(fast) || choice.kind === 'native' || choice.isa !== undefined) return fast
    const portable = wasm(heap, describe(fast.left))
    if (E.isRight(portable)) return portable
    return E.right(reference(heap, `${describe(fast.left)}; ${describe(portable.left)}`))
  }
