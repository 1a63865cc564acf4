/** The data of Vega-Lite specifications. */

/** Every value that a specification draws, at any depth. */
export const valuesIn = (spec: unknown): readonly Record<string, unknown>[] => {
  if (typeof spec !== 'object' || spec === null) return []
  return Object.entries(spec).flatMap(([key, value]) =>
    key === 'values' && Array.isArray(value)
      ? (value as Record<string, unknown>[]).filter(v => typeof v === 'object')
      : valuesIn(value),
  )
}
