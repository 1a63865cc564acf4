/**
 * RoBERTa-base on 486 tiles of 512 x 512, pcm at 1 h, 8-bit converters, output noise: tokens/s of 8 x 128 tokens, time to
 * program, drift and read all devices, peak memory; on native kernels and WebAssembly, with read noise per VMM, with IR
 * drop; beside PyTorch's digital float32 in the same run, if OHMFLOW_PYTHON names a Python that has torch. Each setting
 * runs in a process of its own, so that its peak is its own. Prints a table and, as its last line, JSON.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { split } from '../src/domain/crossbar/tiling.js'
import { linearLayers } from '../src/domain/encoder/architecture.js'
import { defaultHardware, overridden, type HardwareOverride } from '../src/domain/experiment/hardware.js'
import { openCheckpoint } from '../src/io/checkpoint/checkpoint.js'
import { orThrow } from '../src/io/fault.js'
import { openAnalog } from '../src/pipelines/analog.js'
import { openDigital } from '../src/pipelines/digital.js'
import { chooseRanges } from '../src/pipelines/ranges.js'
import { noRangesFiles } from '../src/pipelines/savedRanges.js'
import { machine } from './machine.mjs'
import { bestSeconds, pytorch, tokensPerSecond } from './robertaBase.mjs'

const folder = join(tmpdir(), 'ohmflow-bench-roberta-base')
const workers = 2

const settings: Readonly<Record<string, HardwareOverride | null>> = {
  digital: null,
  analog: {},
  'per VMM': { readNoise: 'per VMM' },
  'IR drop': { wireResistanceOhm: 0.35 },
  'no compensation': { driftCompensation: 'none' },
}

interface Measured {
  readonly setting: string
  readonly kernels: string
  readonly tokensPerSecond: number
  /** Weights from disk, devices programmed, drifted and read, drift compensation measured; of a chip read before, and of a fresh one. */
  readonly readSeconds: number | null
  readonly firstReadSeconds: number | null
  readonly peakMiB: number
}

/** One setting in this process. */
const measure = async (setting: string): Promise<Measured> => {
  const checkpoint = await orThrow(openCheckpoint(folder))
  const change = settings[setting]
  const peakMiB = (): number => Math.round(process.resourceUsage().maxRSS / 1024)
  if (change === null || change === undefined) {
    const engine = await openDigital(checkpoint, { workers })
    const speed = await tokensPerSecond(engine, 2, bestSeconds)
    await engine.close()
    const { kernels } = engine
    return { setting, kernels, tokensPerSecond: speed, readSeconds: null, firstReadSeconds: null, peakMiB: peakMiB() }
  }
  const hardware = overridden(defaultHardware, change)
  // The range of normalised activations; its value changes no speed.
  const summary = {
    count: 1,
    sum: 4,
    squares: 16,
    largest: 4,
    positive: [],
    negative: [],
    rowSquares: new Float64Array(0),
  }
  const inputs = new Map(
    linearLayers(checkpoint.architecture).map(l => [l.name, split(l.inputs, hardware.tile.rows).map(() => summary)]),
  )
  const rules = { columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } } as const
  const subject = { checkpoint, learned: null, saved: noRangesFiles, source: { task: 'sst2' } } as const
  const ranges = await chooseRanges(subject, hardware, rules, { inputs, outputs: null })
  const engine = await openAnalog(checkpoint, { hardware, seed: 1, ranges, vectors: null }, { workers })
  const timed = async (chip: number, read: number): Promise<number> => {
    const start = performance.now()
    await engine.read({ chip, read, timeSeconds: 3600 })
    return (performance.now() - start) / 1000
  }
  await timed(0, 0)
  const firstReads = [await timed(1, 0), await timed(2, 0)]
  const reads = [await timed(2, 1), await timed(2, 2)]
  const speed = await tokensPerSecond(engine, 2, bestSeconds)
  await engine.close()
  return {
    ...{ setting, kernels: engine.kernels, tokensPerSecond: speed },
    readSeconds: Math.min(...reads),
    firstReadSeconds: Math.min(...firstReads),
    peakMiB: peakMiB(),
  }
}

const inOwnProcess = (setting: string, kernels: string): Measured => {
  const module = import.meta.filename
  const output = execFileSync(process.execPath, ['--import', 'tsx', module, setting], {
    env: { ...process.env, OHMFLOW_KERNELS: kernels },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(output.toString().trim().split('\n').at(-1) ?? '') as Measured
}

const wanted = process.argv[2]
if (wanted !== undefined) console.log(JSON.stringify(await measure(wanted)))
else {
  if (!existsSync(join(folder, 'model.safetensors')))
    execFileSync(
      process.execPath,
      ['--import', 'tsx', join(import.meta.dirname, '../tools/make-checkpoint/main.ts'), folder],
      {
        stdio: 'inherit',
      },
    )
  const before = pytorch()
  const measured = Object.keys(settings).flatMap(s => [inOwnProcess(s, 'native')])
  const middle = pytorch()
  measured.push(...['digital', 'analog', 'per VMM'].map(s => inOwnProcess(s, 'wasm')))
  const after = pytorch()
  const peers = [before, middle, after].flatMap(p => (p === null ? [] : [p]))
  const peer = peers.length === 0 ? null : Math.max(...peers)
  console.table(
    measured.map(({ kernels, ...m }) => ({
      ...m,
      kernels: kernels.split(':')[0],
      timesPyTorch: peer === null ? null : Number((m.tokensPerSecond / peer).toFixed(2)),
    })),
  )
  console.log(
    peer === null
      ? 'PyTorch: not measured (set OHMFLOW_PYTHON)'
      : `PyTorch float32, two threads: ${peers.join(', ')} tokens/s before, between and after; the best counts`,
  )
  console.log(JSON.stringify({ bench: 'analog', machine, measured, pytorchTokensPerSecond: peers }))
}
