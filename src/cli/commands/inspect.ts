/** `ohmflow inspect`: what a checkpoint is made of and how it lies on tiles. */
import { command, flag, option, optional, positional, string } from 'cmd-ts'
import { counted } from '../../domain/count.js'
import { orThrow } from '../../io/fault.js'
import { openCheckpoint } from '../../io/checkpoint/checkpoint.js'
import { inspection } from '../../pipelines/inspection.js'
import { tileArgument } from '../arguments.js'
import { columns, grouped } from '../columns.js'
import { done } from '../exit.js'
import { printLine } from '../terminal.js'

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

export const inspect = command({
  name: 'inspect',
  description: 'What a checkpoint is made of: shapes, crossbar tiles and their utilisation, column statistics',
  examples: [
    { description: 'On 512 x 512 tiles', command: 'ohmflow inspect models/sst2' },
    { description: 'On smaller ones, as JSON', command: 'ohmflow inspect models/sst2 --tile 256x256 --json' },
  ],
  args: {
    checkpoint: positional({
      type: string,
      displayName: 'CHECKPOINT',
      description: 'folder of a Hugging Face RoBERTa checkpoint',
    }),
    tile: option({
      type: optional(tileArgument('SIZE')),
      long: 'tile',
      description: 'rows x columns of a tile (default: 512x512)',
    }),
    json: flag({ long: 'json', description: 'print everything as JSON' }),
  },
  handler: async ({ checkpoint: folder, tile, json }): Promise<number> => {
    const checkpoint = await orThrow(openCheckpoint(folder))
    const found = await inspection(checkpoint, tile ?? { rows: 512, columns: 512 })
    if (json) {
      await printLine(JSON.stringify(found))
      return done
    }
    const { architecture: a, totals } = found
    await printLine(
      [
        `${folder}: RoBERTa, ${counted(a.layers, 'layer')} of ${a.hidden}, ${counted(a.heads, 'head')}, feed-forward ${a.intermediate}, vocabulary ${grouped(a.vocabulary)}, ${a.labels} ${a.labels === 1 ? 'output (regression)' : 'labels'}`,
        '',
        columns(
          [
            'layer',
            'inputs',
            'outputs',
            'tiles',
            'grid',
            'utilisation',
            'abs-max',
            'column abs-max',
            'column deviation',
          ],
          found.layers.map(l => [
            l.name,
            String(l.inputs),
            String(l.outputs),
            String(l.tiles),
            `${l.rowPieces} x ${l.columnPieces}`,
            percent(l.utilisation),
            l.absMax.toFixed(4),
            `${l.columnAbsMax.least.toFixed(4)} .. ${l.columnAbsMax.greatest.toFixed(4)}`,
            `${l.columnDeviation.least.toFixed(4)} .. ${l.columnDeviation.greatest.toFixed(4)}`,
          ]),
        ),
        '',
        `${counted(totals.tiles, 'tile', grouped(totals.tiles))} of ${found.tile.rows} x ${found.tile.columns} (${grouped(totals.encoderTiles)} in the encoder, ${grouped(totals.tiles - totals.encoderTiles)} in the head), ${grouped(totals.weights)} weights (${grouped(totals.weights + totals.biases)} with biases), utilisation ${percent(totals.utilisation)}`,
        `${grouped(totals.parameters)} parameters in all`,
      ].join('\n'),
    )
    return done
  },
})
