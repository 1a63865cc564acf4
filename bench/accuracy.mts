/**
 * Largest errors of exp, log, erf, tanh, GELU, sine and cosine over all 2^32 binary32 inputs: `tsx bench/accuracy.mts`
 * (some minutes), `tsx bench/accuracy.mts 101` for every 101st input. Needs a C compiler; one JSON line a function.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const step = Number(process.argv[2] ?? 1)
const folder = mkdtempSync(join(tmpdir(), 'ohmflow-accuracy-'))
const program = join(folder, 'accuracy')
const vectors = process.arch === 'x64' ? ['-mavx2', '-DWIDTH=32'] : ['-DWIDTH=16']
const flags = [
  '-std=gnu11',
  '-O3',
  '-ffp-contract=off',
  '-fno-math-errno',
  '-fwrapv',
  '-fno-strict-aliasing',
  '-Wno-psabi',
]
try {
  const from = join(import.meta.dirname, 'accuracy.c')
  execFileSync('cc', [...flags, ...vectors, `-DSTEP=${step}`, from, '-lm', '-o', program], { stdio: 'inherit' })
  process.exitCode = spawnSync(program, { stdio: 'inherit' }).status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}
