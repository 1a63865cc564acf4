/** Progress on stderr: a bar with rate and time left on a terminal, a plain line now and then otherwise. */
import cliProgress from 'cli-progress'
import { counted } from '../domain/count.js'
import type { Progress } from '../pipelines/progress.js'
import { grouped, spoken } from './columns.js'
import { lively, say } from './terminal.js'

const seconds = (since: number): number => (performance.now() - since) / 1000

interface Stretch {
  readonly title: string
  readonly total: number | null
  readonly thing: string
  readonly started: number
  done: number
  tokens: number
  /** What else the work says of itself. */
  about: string
}

/** Nothing for work that has no tokens. */
const rate = (s: Stretch): string =>
  s.tokens === 0 ? '' : `${Math.round(s.tokens / Math.max(1e-3, seconds(s.started)))} tokens/s`

const left = (s: Stretch): string =>
  s.total === null || s.done === 0
    ? ''
    : `${spoken((seconds(s.started) / s.done) * Math.max(0, s.total - s.done))} left`

const summary = (s: Stretch): string =>
  `${s.title}: ${counted(s.done, s.thing, grouped(s.done))} in ${spoken(seconds(s.started))}${s.tokens === 0 ? '' : ` (${rate(s)})`}${s.about === '' ? '' : `, ${s.about}`}`

/** Redraws one bar. */
const bar = (): Progress => {
  let current: { readonly stretch: Stretch; readonly drawn: cliProgress.SingleBar } | null = null
  return {
    begin: (title, total, thing = 'example') => {
      const drawn = new cliProgress.SingleBar({
        format: '{title}  [{bar}] {value}/{total}  {rate}  {left}  {about}',
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
        barsize: 24,
      })
      const stretch = { title, total, thing, started: performance.now(), done: 0, tokens: 0, about: '' }
      drawn.start(total ?? 0, 0, { title, rate: '', left: '', about: '' })
      current = { stretch, drawn }
    },
    advance: (done, tokens, about = '') => {
      if (current === null) return
      const { stretch, drawn } = current
      stretch.done += done
      stretch.tokens += tokens
      stretch.about = about
      if (stretch.total === null) drawn.setTotal(stretch.done)
      drawn.update(stretch.done, { rate: rate(stretch), left: left(stretch), about })
    },
    end: () => {
      current?.drawn.stop()
      if (current !== null) say(summary(current.stretch))
      current = null
    },
    close: () => {
      current?.drawn.stop()
      current = null
    },
    note: say,
  }
}

const linesEverySeconds = 10

/** One line at the end of a stretch, and one every ten seconds on the way. */
const lines = (): Progress => {
  let stretch: Stretch | null = null
  let spokenAt = 0
  return {
    begin: (title, total, thing = 'example') => {
      stretch = { title, total, thing, started: performance.now(), done: 0, tokens: 0, about: '' }
      spokenAt = stretch.started
    },
    advance: (done, tokens, about = '') => {
      if (stretch === null) return
      stretch.done += done
      stretch.tokens += tokens
      stretch.about = about
      if (seconds(spokenAt) < linesEverySeconds) return
      spokenAt = performance.now()
      const all = stretch.total ?? stretch.done
      const of = stretch.total === null ? '' : `${grouped(stretch.done)} of `
      const parts = [`${of}${counted(all, stretch.thing, grouped(all))}`, rate(stretch), left(stretch), about]
      say(`${stretch.title}: ${parts.filter(p => p !== '').join(', ')}`)
    },
    end: () => {
      if (stretch !== null) say(summary(stretch))
      stretch = null
    },
    close: () => undefined,
    note: say,
  }
}

export const terminalProgress = (): Progress => (lively() ? bar() : lines())

/** Milliseconds before a person wonders. */
const patience = 2000

/** Opening what a config names reads all of its files; said once it takes long. */
export const opening = async <A>(work: Promise<A>): Promise<A> => {
  const tell = setTimeout(() => say('reading checkpoints and data: what they are goes into the results'), patience)
  try {
    return await work
  } finally {
    clearTimeout(tell)
  }
}
