/** The default run as a config: every miniature task, on tiles so small (64 x 64) that each model spans 26 of them. */
import type { Task } from '../../src/domain/tasks/task.js'

/** The value of data/config.json; its paths are relative to it. */
export const experimentJson = (tasks: readonly Task[]): object => ({
  schema: 1,
  name: 'miniature',
  seed: 1,
  tasks: tasks.map(task => ({ task: task.name, checkpoint: `models/${task.name}`, data: `glue/${task.folder}` })),
  hardware: { device: 'pcm', tile: { rows: 64, columns: 64 } },
  methods: [{ name: 'digital', execution: 'digital' }],
})
