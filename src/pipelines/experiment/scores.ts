/** Scores of finished units: metrics as GLUE defines them, and agreement with the digital predictions. */
import type { ScoreRow } from '../../domain/tables/scores.js'
import { outcomesTable, type Outcome } from '../../domain/tables/predictions.js'
import { metrics } from '../../domain/tasks/metrics/metric.js'
import { readUnit } from '../../io/unitFile.js'
import type { Laid, PlannedUnit, TaskFacts } from './workspace.js'

/** The first digital unit of the same task in the same setting, if it has one: what `agreement` compares with. */
const digitalTwin = (workspace: Laid, unit: PlannedUnit<TaskFacts>): PlannedUnit<TaskFacts> | undefined =>
  workspace.units.find(
    u => u.setting === unit.setting && u.taskIndex === unit.taskIndex && u.method.execution === 'digital',
  )

/** Both units' outcomes side by side; the twin's is undefined without a twin. */
const sideBySide = async function* (
  unit: PlannedUnit<TaskFacts>,
  twin: PlannedUnit<TaskFacts> | undefined,
): AsyncGenerator<readonly [Outcome, Outcome | undefined]> {
  const other = twin === undefined ? undefined : readUnit<Outcome>(twin.path, outcomesTable)
  try {
    for await (const outcome of readUnit<Outcome>(unit.path, outcomesTable)) {
      const next = await other?.next()
      yield [outcome, next === undefined || next.done === true ? undefined : next.value]
    }
  } finally {
    await other?.return(undefined)
  }
}

/** What repeats in every row of a unit. */
export const rowOf = (unit: PlannedUnit<TaskFacts>) => ({
  ...unit.setting.cells,
  task: unit.task.task,
  method: unit.method.name,
  chip: unit.repetition?.chip ?? null,
  read: unit.repetition?.read ?? null,
  time_seconds: unit.repetition?.timeSeconds ?? null,
})

/** One row per metric of a finished unit; none for an unlabelled split. */
export const scoresOf = async (workspace: Laid, unit: PlannedUnit<TaskFacts>): Promise<readonly ScoreRow[]> => {
  const { task, dataset } = unit.open
  const twin = task.target.kind === 'regression' ? undefined : digitalTwin(workspace, unit)
  const accumulators = task.metrics.map(name => ({ name, metric: metrics[name]() }))
  let examples = 0
  let equal = 0
  for await (const [outcome, digital] of sideBySide(unit, twin)) {
    examples += 1
    if (digital?.prediction === outcome.prediction) equal += 1
    if (outcome.label !== null) for (const { metric } of accumulators) metric.add(outcome.label, outcome.prediction)
  }
  if (!dataset.labelled) return []
  return accumulators.map(({ name, metric }) => ({
    ...rowOf(unit),
    metric: name,
    value: metric.value(),
    agreement: twin === undefined ? null : equal / examples,
    examples,
  }))
}
