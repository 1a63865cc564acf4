import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, test } from 'vitest'
import { kernelNames } from '../../src/kernels/arguments.js'
import { createHeap } from '../../src/kernels/heap.js'
import { choiceFrom, loadKernels, type KernelChoice } from '../../src/kernels/load.js'
import { sourceDigest } from '../../src/kernels/webassembly-module.js'
import { repository } from '../shared.js'

const c = (name: string): string => join(repository, 'src/kernels/c', name)

/** As if no compiler and no cache were there. */
const withoutCompiler = async <T>(work: () => Promise<T>): Promise<T> => {
  const { PATH, OHMFLOW_CACHE, CC } = process.env
  const empty = mkdtempSync(join(tmpdir(), 'ohmflow-'))
  Object.assign(process.env, { PATH: empty, OHMFLOW_CACHE: empty, CC: '' })
  try {
    return await work()
  } finally {
    for (const [name, value] of Object.entries({ PATH, OHMFLOW_CACHE, CC }))
      if (value === undefined) Reflect.deleteProperty(process.env, name)
      else process.env[name] = value
    rmSync(empty, { recursive: true })
  }
}

const load = (choice: KernelChoice) => loadKernels(createHeap(), choice)()

describe('kernels', () => {
  test('the committed WebAssembly was compiled from these sources', () => {
    const hash = createHash('sha256')
    for (const name of readdirSync(c('')).sort())
      hash
        .update(name)
        .update('\0')
        .update(readFileSync(c(name)))
    expect(sourceDigest).toBe(hash.digest('hex'))
  })

  test('are numbered as in list.h', () => {
    const listed = [...readFileSync(c('list.h'), 'utf8').matchAll(/X\((\w+)\) *\\?$/gm)].map(m => m[1])
    expect(listed).toEqual(kernelNames)
  })

  test('a forced kind is what runs, and computes', async () => {
    for (const kind of ['wasm', 'reference'] as const) {
      const heap = createHeap()
      const loaded = await loadKernels(heap, { kind })()
      if (E.isLeft(loaded)) expect.fail(kind)
      expect(loaded.right.kind).toBe(kind)
      const at = heap.allocate(8)
      heap.f32(at, 2).set([0, 1])
      loaded.right.kernels.exp({ y: at, x: at, length: 2 })
      expect([...heap.f32(at, 2)]).toEqual([1, Math.fround(Math.E)])
    }
  })

  test('without a compiler WebAssembly runs and says why; native, if forced, is an error that says why', async () => {
    await withoutCompiler(async () => {
      const any = await load({})
      expect(E.isRight(any) && [any.right.kind, any.right.why]).toEqual([
        'wasm',
        'native kernels: expected a C compiler (cc, gcc, clang or CC), found none',
      ])
      for (const choice of [{ kind: 'native' }, { isa: 'avx2' }] as const)
        expect(E.isLeft(await load(choice))).toBe(true)
    })
  })

  test('an instruction set this processor lacks is an error that names those it has', async () => {
    const other = process.arch === 'x64' ? 'neon' : 'avx2'
    const loaded = await load({ isa: other })
    expect(E.isLeft(loaded) && loaded.left.file).toBe('native kernels')
  })

  test('the environment names a choice, or is refused', () => {
    expect(choiceFrom({})).toEqual(E.right({}))
    expect(choiceFrom({ OHMFLOW_KERNELS: '', OHMFLOW_ISA: 'avx2' })).toEqual(E.right({ isa: 'avx2' }))
    expect(choiceFrom({ OHMFLOW_KERNELS: 'wasm' })).toEqual(E.right({ kind: 'wasm' }))
    for (const wrong of [
      { OHMFLOW_KERNELS: 'fast' },
      { OHMFLOW_ISA: 'AVX2' },
      { OHMFLOW_KERNELS: 'wasm', OHMFLOW_ISA: 'avx2' },
    ])
      expect(E.isLeft(choiceFrom(wrong))).toBe(true)
  })
})
