/** The engines of a run: one at a time, kept while consecutive units share it. */
import type { Engine } from '../engines/engine.js'
import { openDigital } from './digital.js'
import type { PlannedUnit } from './experiment/workspace.js'
import type { OpenTask } from './openTask.js'

export interface EnginePool {
  readonly forUnit: (unit: PlannedUnit) => Promise<Engine>
  /** Which kernels run, for people. */
  readonly description: () => string
  readonly close: () => Promise<void>
}

export interface EngineOptions {
  /** Worker threads; null: one per core. */
  readonly workers: number | null
}

export const enginePool = (options: EngineOptions): EnginePool => {
  let current: { readonly open: OpenTask; readonly engine: Engine } | null = null
  let kernels = 'none used'
  const close = async (): Promise<void> => {
    await current?.engine.close()
    current = null
  }
  return {
    forUnit: async unit => {
      if (current?.open === unit.open) return current.engine
      await close()
      const engine = await openDigital(unit.open.checkpoint, options)
      kernels = engine.kernels
      current = { open: unit.open, engine }
      return engine
    },
    description: () => kernels,
    close,
  }
}
