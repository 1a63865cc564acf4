/**
 * The experiments on the miniature tasks, as configs: the default run on the plain models, and one on the hardware-aware
 * ones, since a task stands once in a config. Tiles are so small (64 x 64) that each model spans 26 of them.
 */
import type { Task } from '../../src/domain/tasks/task.js'
import { chip } from './recipe.js'

/** Folders of the models, by how they were trained. */
export const models = { plain: 'models', hardwareAware: 'models-hwa' } as const

/** The name that data/config.json bears. */
export const miniature = 'miniature'

const digital = { name: 'digital', execution: 'digital' }
const absMax = { name: 'abs-max', columnRange: { rule: 'abs-max' }, inputRange: { rule: 'abs-max' } }
const paper = {
  name: 'paper',
  columnRange: { rule: 'output-current', standardDeviations: 3, inputs: 2 },
  inputRange: { rule: 'percentile', percentile: 99.995 },
}
const optimal = { name: 'optimal', columnRange: { rule: 'optimal' }, inputRange: { rule: 'optimal' } }
const learned = { name: 'learned', columnRange: { rule: 'learned' }, inputRange: { rule: 'learned' } }

const experiment = (name: string, folder: string, tasks: readonly Task[], times: readonly string[]) => ({
  ...{ schema: 1, name, seed: 1 },
  tasks: tasks.map(task => ({ task: task.name, checkpoint: `${folder}/${task.name}`, data: `glue/${task.folder}` })),
  hardware: chip,
  repeat: { chips: 3, reads: 1, times },
  calibration: { split: 'train', examples: 64 },
})

/** The values of the configs by their files' names; paths in them are relative to those. */
export const experiments = (tasks: readonly Task[]): Readonly<Record<string, object>> => ({
  'config.json': {
    ...experiment(miniature, models.plain, tasks, ['0 s', '1 h', '1 y']),
    methods: [digital, absMax, paper, optimal],
  },
  'hwa.json': {
    ...experiment(`${miniature}-hwa`, models.hardwareAware, tasks, ['1 h', '1 y']),
    methods: [digital, absMax, learned],
  },
})
