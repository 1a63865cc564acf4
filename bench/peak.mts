/** The limit a product is held against: multiply-adds from registers alone, in the same run. Needs a C compiler. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const flags: Readonly<Record<string, readonly string[]>> = {
  avx512vnni: ['-mavx512f', '-DWIDTH=64'],
  avx512: ['-mavx512f', '-DWIDTH=64'],
  avx2: ['-mavx2', '-DWIDTH=32'],
  // WebAssembly's vectors are 128 bits wide, with the three-operand instructions V8 emits.
  wasm: process.arch === 'x64' ? ['-mavx', '-DWIDTH=16'] : ['-DWIDTH=16'],
}

/** GMAC/s from registers on a path; null without a compiler. */
export const peak = (path: string): number | null => {
  const folder = mkdtempSync(join(tmpdir(), 'ohmflow-peak-'))
  try {
    const program = join(folder, 'peak')
    const from = join(import.meta.dirname, 'peak.c')
    execFileSync('cc', ['-O3', '-ffp-contract=off', ...(flags[path] ?? ['-DWIDTH=16']), from, '-o', program])
    return Number(execFileSync(program, { encoding: 'utf8' }))
  } catch {
    return null
  } finally {
    rmSync(folder, { recursive: true })
  }
}
