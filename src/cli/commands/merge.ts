/** `ohmflow merge`: shards that were computed apart, put together: the tables of a single run. */
import { command, option, restPositionals, string } from 'cmd-ts'
import { counted } from '../../domain/count.js'
import { fail, Refused } from '../../domain/problem.js'
import { merge as mergeShards } from '../../pipelines/experiment/merge.js'
import { formatsOption } from '../arguments.js'
import { done } from '../exit.js'
import { printScores, scoreFlags } from '../printScores.js'
import { terminalProgress } from '../progress.js'
import { interruptSignal } from '../signal.js'
import { say } from '../terminal.js'

export const merge = command({
  name: 'merge',
  description: 'Put shards together that were computed into folders of their own: the tables of a single run',
  examples: [
    {
      description: 'Three shards, each in a folder of its own',
      command: 'ohmflow merge shard-0 shard-1 shard-2 --out results/big',
    },
    { description: 'Every shard in a folder', command: 'ohmflow merge shards --out results/big' },
  ],
  args: {
    folders: restPositionals({
      type: string,
      displayName: 'DIR',
      description: 'folders that "ohmflow run --shard i/n --out DIR" wrote, or one that holds them',
    }),
    out: option({ type: string, long: 'out', description: 'folder for the tables and all units' }),
    formats: formatsOption,
    ...scoreFlags,
  },
  handler: async ({ folders, out, formats, all, json }): Promise<number> => {
    if (folders.length === 0) fail('command line', 'merge', 'at least one folder', 'none')
    if (all && json) fail('command line', 'merge', '--all without --json, which holds every score anyway', 'both')
    const signal = interruptSignal()
    const progress = terminalProgress()
    try {
      const merged = await mergeShards(folders, out, { formats: formats ?? ['parquet'], progress, signal })
      if (merged._tag === 'Left') throw new Refused(merged.left)
      const { scores, columns, units, copied, tables, folders: found } = merged.right
      await printScores(scores, columns, { all, json })
      const reused = units - copied
      say(
        `${counted(units, 'unit')} of ${counted(found.length, 'folder')} (${reused} ${reused === 1 ? 'was' : 'were'} there already)`,
      )
      for (const file of tables) say(`  ${file}`)
      return done
    } finally {
      progress.close()
    }
  },
})
