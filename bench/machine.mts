/** What a measurement was made on. */
import { cpus, totalmem } from 'node:os'

export const machine = {
  processor: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
}

/** Least seconds of one run of `work`, of the runs that fit into `seconds`: noise only ever adds. */
export const least = (work: () => void, seconds = 0.7): number => {
  let best = Infinity
  for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
    const start = performance.now()
    work()
    best = Math.min(best, (performance.now() - start) / 1000)
  }
  return best
}
