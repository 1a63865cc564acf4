import { fc, test } from '@fast-check/vitest'
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs'
import { describe, expect } from 'vitest'
import { pull } from '../../src/pipelines/pull.js'

const later = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** A source that knows how far it was read and whether it was closed. */
const source = (n: number, failAt = Infinity) => {
  const state = { pulled: 0, closed: false }
  const items = async function* () {
    try {
      for (let i = 0; i < n; i++) {
        if (i === failAt) throw new Error(`source ${i}`)
        state.pulled += 1
        yield i
        await Promise.resolve()
      }
    } finally {
      state.closed = true
    }
  }
  return { state, items: { [Symbol.asyncIterator]: items } }
}

describe('pull', () => {
  test.prop(
    [fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 0, max: 3 }))],
    { numRuns: 30 },
  )('keeps order and stays within its bound, whatever each item costs', async (n, inFlight, delays) => {
    const { state, items } = source(n)
    let committed = 0
    let ahead = 0
    let busy = 0
    const results = await lastValueFrom(
      pull(items, {
        inFlight,
        work: async i => {
          ahead = Math.max(ahead, state.pulled - committed)
          busy += 1
          expect(busy).toBeLessThanOrEqual(inFlight)
          await later(delays[i % Math.max(1, delays.length)] ?? 0)
          busy -= 1
          return i * 2
        },
        commit: async r => {
          expect(r).toBe(committed * 2)
          await later(delays[(r + 1) % Math.max(1, delays.length)] ?? 0)
          committed += 1
        },
      }).pipe(toArray()),
    )
    expect(results).toEqual(Array.from({ length: n }, (_, i) => i * 2))
    expect(ahead).toBeLessThanOrEqual(inFlight)
    expect(state.closed).toBe(true)
  })

  test('emits a result while the source is still silent', async () => {
    const slow = async function* () {
      yield 1
      await new Promise(() => undefined)
    }
    expect(await firstValueFrom(pull(slow(), { inFlight: 4, work: i => Promise.resolve(i) }))).toBe(1)
  })

  test('an error does not wait for a source that is silent', async () => {
    const silent = async function* () {
      yield 1
      await new Promise(() => undefined)
    }
    const run = firstValueFrom(pull(silent(), { inFlight: 4, work: () => Promise.reject(new Error('work')) }))
    await expect(run).rejects.toThrow('work')
  })

  test('an unsubscribe closes the source and reads no further', async () => {
    const { state, items } = source(1000)
    const got = await lastValueFrom(
      pull(items, { inFlight: 3, work: i => Promise.resolve(i) }).pipe(take(5), toArray()),
    )
    expect(got).toEqual([0, 1, 2, 3, 4])
    await later(5)
    expect(state.closed).toBe(true)
    expect(state.pulled).toBeLessThanOrEqual(5 + 3)
  })

  test.each([
    ['the source', 'source 3', 3, -1, -1],
    ['the work', 'work 4', Infinity, 4, -1],
    ['the commit', 'commit 2', Infinity, -1, 2],
  ])(
    'an error in %s travels, after everything before it, and closes the source',
    async (_, message, failAt, work, commit) => {
      const { state, items } = source(100, failAt)
      const seen: number[] = []
      const run = lastValueFrom(
        pull(items, {
          inFlight: 4,
          work: i => (i === work ? Promise.reject(new Error(`work ${i}`)) : Promise.resolve(i)),
          commit: i => {
            if (i === commit) return Promise.reject(new Error(`commit ${i}`))
            seen.push(i)
            return Promise.resolve()
          },
        }),
      )
      await expect(run).rejects.toThrow(message)
      expect(state.closed).toBe(true)
      expect(seen).toEqual(Array.from({ length: Math.min(failAt, ...[work, commit].filter(i => i >= 0)) }, (_, i) => i))
    },
  )
})
