/** The commands that are disturbed, as data: one more is one more entry. */
import { join } from 'node:path'

export interface Command {
  readonly name: string
  /**
   * What has to be there before, undisturbed: command lines, run once.
   * @param folder of the experiment (`writeExperiment`); what they leave may lie below `folder/before`
   */
  readonly before?: (folder: string) => readonly (readonly string[])[]
  /** The command line that is disturbed, which writes into `out`. */
  readonly args: (folder: string, out: string) => readonly string[]
  /** Added where it refuses, as its message says, to write over a damaged result. */
  readonly insist?: string
}

const oneWorker = ['--workers', '1']

const shardPlace = (folder: string, shard: number): string => join(folder, 'before', `shard-${shard}`)

export const commands: readonly Command[] = [
  { name: 'run', args: (folder, out) => ['run', join(folder, 'run.json'), '--out', out, ...oneWorker] },
  { name: 'sweep', args: (folder, out) => ['run', join(folder, 'sweep.json'), '--out', out, ...oneWorker] },
  { name: 'calibrate', args: (folder, out) => ['calibrate', join(folder, 'run.json'), '--out', out, ...oneWorker] },
  {
    name: 'train',
    args: (folder, out) => ['train', join(folder, 'train.json'), '--out', out, ...oneWorker],
    insist: '--overwrite',
  },
  {
    name: 'merge',
    before: folder =>
      [0, 1].map(i => [
        ...['run', join(folder, 'sweep.json'), '--shard', `${i}/2`],
        ...['--out', shardPlace(folder, i), ...oneWorker],
      ]),
    args: (folder, out) => ['merge', shardPlace(folder, 0), shardPlace(folder, 1), '--out', out],
  },
  {
    name: 'report',
    before: folder => [['run', join(folder, 'run.json'), '--out', join(folder, 'before', 'run'), ...oneWorker]],
    args: (folder, out) => ['report', join(folder, 'before', 'run'), '--out', out],
  },
]
