/** `ohmflow report`: a page, figures and their specifications from the tables of a run. */
import { array, command, multioption, option, optional, positional, string } from 'cmd-ts'
import { report as reportOn } from '../../pipelines/report/report.js'
import { whereArgument } from '../arguments.js'
import { done } from '../exit.js'
import { printLine, say } from '../terminal.js'

export const report = command({
  name: 'report',
  description: 'One HTML page that needs nothing else, and each figure as SVG and Vega-Lite, from the tables of a run',
  examples: [
    { description: 'The page in results/sst2/report/report.html', command: 'ohmflow report results/sst2' },
    {
      description: 'Elsewhere, with the config that has moved since',
      command: 'ohmflow report results/sst2 --out pages/sst2 --config configs/sst2.json',
    },
    {
      description: 'Of a sweep, with another setting than the first in full',
      command: 'ohmflow report results/bits-and-noise --where hardware.adc.bits=8 --where hardware.outputNoise=0.04',
    },
  ],
  args: {
    results: positional({ type: string, displayName: 'DIR', description: 'the folder that "ohmflow run" wrote' }),
    out: option({ type: optional(string), long: 'out', description: 'folder for the files (default: DIR/report)' }),
    config: option({
      type: optional(string),
      long: 'config',
      description: 'the config of the run, for the devices (default: the one that DIR/run.json names)',
    }),
    where: multioption({
      type: array(whereArgument('KEY=VALUE')),
      long: 'where',
      description:
        'of a sweep, the setting that is shown in full: the first with this value; may be repeated (default: the first)',
    }),
  },
  handler: async ({ results, out, config, where }): Promise<number> => {
    const { files, page, missing } = await reportOn(results, { out: out ?? null, config: config ?? null, where })
    const [first = '', ...others] = files
    for (const { question, short, long } of page.answers) say(`${question} ${short}: ${long}`)
    if (missing !== null)
      say(`the devices are left out, as the config was not found (${missing}); --config FILE names it`)
    say(`and beside it ${others.length / 2} figures, each as .svg and .vl.json`)
    await printLine(first)
    return done
  },
})
