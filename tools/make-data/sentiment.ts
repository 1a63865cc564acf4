/**
 * Sentiment in SST-2's shape (lower case, spaced punctuation). A negator turns its phrase's polarity, however many
 * adverbs stand between, and so does a denial of the whole clause; of two contrasted phrases the main one decides. Words
 * of both polarities are equally frequent in both classes.
 */
import type { Stream } from '../../src/domain/random/stream.js'
import { percent, twoOf, type Grammar } from './grammar.js'

const positive = ['moving', 'clever', 'funny', 'warm', 'fresh', 'bright', 'sharp', 'tender', 'witty', 'honest'] as const
const negative = ['dull', 'silly', 'cold', 'stale', 'flat', 'lazy', 'empty', 'clumsy', 'dreary', 'hollow'] as const
const aspects = ['film', 'plot', 'cast', 'script', 'music', 'story', 'ending', 'humor'] as const
const determiners = ['the', 'this', 'its'] as const
const negators = ['not', 'never', 'hardly'] as const
const adverbs = ['very', 'really', 'quite', 'so', 'truly'] as const

/** "never really dull": polarity of the word, turned by a negator half of the time. */
const phrase = (s: Stream, good: boolean): string => {
  const negated = s.below(2) === 1
  const word = s.choice(good !== negated ? positive : negative)
  const between = percent(s, 35) ? [s.choice(adverbs)] : []
  return [...(negated ? [s.choice(negators)] : []), ...between, word].join(' ')
}

/** "its plot is not dull" */
const clause = (s: Stream, aspect: string, polarity: string): string =>
  `${s.choice(determiners)} ${aspect} is ${polarity}`

type Family = (s: Stream, good: boolean) => string

/** "the plot is not dull ." */
const plain: Family = (s, good) => `${clause(s, s.choice(aspects), phrase(s, good))} .`

/** "the plot is dull but never so cold .": what follows `but` decides. */
const but: Family = (s, good) => `${clause(s, s.choice(aspects), phrase(s, !good))} but ${phrase(s, good)} .`

/** "the plot is moving and the music is not stale .": both agree. */
const and: Family = (s, good) => {
  const [one, two] = twoOf(s, aspects)
  return `${clause(s, one, phrase(s, good))} and ${clause(s, two, phrase(s, good))} .`
}

/** "although the plot is dull , the music is warm .", or the other way round: the main clause decides. */
const although: Family = (s, good) => {
  const [main, conceded] = twoOf(s, aspects)
  const decides = clause(s, main, phrase(s, good))
  const aside = `although ${clause(s, conceded, phrase(s, !good))}`
  return s.below(2) === 1 ? `${aside} , ${decides} .` : `${decides} , ${aside} .`
}

const claims = ['everybody says that', 'every critic thinks that', 'many would say that'] as const
const denials = ['nobody says that', 'no critic thinks that', 'few would say that'] as const

/** "nobody says that the plot is not dull .": a denial turns the clause, negator and all. */
const said: Family = (s, good) => {
  const denied = s.below(2) === 1
  return `${s.choice(denied ? denials : claims)} ${clause(s, s.choice(aspects), phrase(s, good !== denied))} .`
}

const families: readonly Family[] = [plain, but, and, although, said]

export const sentiment: Grammar = {
  task: 'sst2',
  levels: 2,
  symmetric: false,
  draw: (s, label) => ({ text: s.choice(families)(s, label === 1), pair: null, label }),
}
