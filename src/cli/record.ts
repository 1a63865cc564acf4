/** run.json: what of a run is not reproducible: clock, machine, how fast. */
import { arch, cpus, hostname, platform, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Json } from '../domain/experiment/config.js'
import { version } from '../domain/version.js'
import { writeTextAtomically } from '../io/atomicFile.js'

export interface About {
  readonly started: Date
  /** The config's file. */
  readonly config: string
  readonly hash: string
  /** Which kernels ran, for people. */
  readonly kernels: string
}

/** @param done what the command has to tell of how much it did */
export const writeRecord = (
  out: string,
  { started, config, hash, kernels }: About,
  done: Readonly<Record<string, Json>>,
): Promise<void> =>
  writeTextAtomically(
    join(out, 'run.json'),
    `${JSON.stringify(
      {
        version,
        config,
        configSha256: hash,
        started: started.toISOString(),
        ended: new Date().toISOString(),
        seconds: (Date.now() - started.getTime()) / 1000,
        ...done,
        kernels,
        peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
        machine: {
          host: hostname(),
          platform: platform(),
          architecture: arch(),
          cpu: cpus()[0]?.model ?? 'unknown',
          cores: cpus().length,
          memoryBytes: totalmem(),
          node: process.version,
        },
      },
      null,
      2,
    )}\n`,
  )
