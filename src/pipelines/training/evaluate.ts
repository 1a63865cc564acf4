/** A model in training scored as a run would score it: digitally, and on every chip of the config's analog methods. */
import type { Config } from '../../domain/experiment/config.js'
import type { DigitalMethod, Method } from '../../domain/experiment/method.js'
import { repetitionText, repetitions } from '../../domain/experiment/plan.js'
import type { EvaluationRow } from '../../domain/tables/training.js'
import { metrics } from '../../domain/tasks/metrics/metric.js'
import type { EngineOptions } from '../digital.js'
import { enginePool, type EnginePool } from '../enginePool.js'
import type { PlannedUnit } from '../experiment/workspace.js'
import { toEnd } from '../interruption.js'
import type { OpenTask } from '../openTask.js'
import { outcomes } from '../outcomes.js'
import type { Progress } from '../progress.js'

type Scored = Pick<PlannedUnit, 'open' | 'method' | 'repetition'>
type Score = Omit<EvaluationRow, 'epoch' | 'step'>

/** The config's methods, a digital one first if there is none: that is what was trained. */
export const evaluatedMethods = ({ methods }: Pick<Config, 'methods'>): readonly Method[] => {
  // A model in training is on our heap: TensorFlow.js scores it when it is done, in a run.
  const ours = methods.filter(m => m.execution === 'analog' || m.engine === 'ohmflow')
  if (ours.some(m => m.execution === 'digital')) return ours
  const digital: DigitalMethod = { name: 'digital', execution: 'digital', engine: 'ohmflow' }
  return [digital, ...ours]
}

const scores = async (
  unit: Scored,
  title: string,
  engines: EnginePool,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<readonly Score[]> => {
  const { open, method, repetition } = unit
  const { engine } = await engines.forUnit(unit)
  progress.begin(title, open.examples)
  const accumulators = open.task.metrics.map(name => ({ metric: name, value: metrics[name]() }))
  let examples = 0
  await toEnd(
    outcomes(open, engine, (batch, tokens) => {
      for (const { label, prediction } of batch)
        if (label !== null) for (const { value } of accumulators) value.add(label, prediction)
      examples += batch.length
      progress.advance(batch.length, tokens)
      return Promise.resolve()
    }),
    signal,
  )
  progress.end()
  return accumulators.map(({ metric, value }) => ({
    ...{ task: open.source.task, method: method.name },
    ...{
      chip: repetition?.chip ?? null,
      read: repetition?.read ?? null,
      time_seconds: repetition?.timeSeconds ?? null,
    },
    ...{ metric, value: value.value(), examples },
  }))
}

/**
 * One row per method, repetition and metric; none for a split without labels.
 * @param open the task with the model as it is now
 */
export const evaluate = async (
  config: Config,
  open: OpenTask,
  title: string,
  options: EngineOptions,
  reporting: { readonly progress: Progress; readonly signal: AbortSignal },
): Promise<readonly Score[]> => {
  if (!open.dataset.labelled) return []
  const units = evaluatedMethods(config).flatMap(method =>
    repetitions(config, method).map(repetition => ({ open, method, repetition })),
  )
  const engines = enginePool([{ config, tasks: [open] }], options, reporting.progress)
  try {
    const rows: Score[] = []
    for (const unit of units) {
      const named = `${title}: ${unit.method.name}${repetitionText(unit.repetition)}`
      rows.push(...(await scores(unit, named, engines, reporting)))
    }
    return rows
  } finally {
    await engines.close()
  }
}
