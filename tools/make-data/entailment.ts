/**
 * Entailment in RTE's shape: quantifiers (the square of opposition, with existential import), who did what across a
 * relative clause, and the scope of a negation. Each word is as frequent in premises and in hypotheses of both labels.
 */
import type { Stream } from '../../src/domain/random/stream.js'
import { twoOf, type Grammar } from './grammar.js'
import { beings, days, intransitive, sentence, transitive } from './lexicon.js'

interface Pair {
  readonly premise: string
  readonly hypothesis: string
}
type Family = (s: Stream, entailed: boolean) => Pair

const quantifiers = { a: 'all', s: 'some', n: 'no', o: 'not all' } as const
type Cell = readonly [premise: keyof typeof quantifiers, hypothesis: keyof typeof quantifiers]
const times = (count: number, cell: Cell): Cell[] => Array.from({ length: count }, () => cell)
/**
 * Every pair of quantifiers, as often as makes each quantifier equally frequent in both labels, in the premise and in
 * the hypothesis: 18 cells each, equal row sums and equal column sums.
 */
const entailing: readonly Cell[] = [
  ...times(3, ['a', 'a']),
  ...times(3, ['a', 's']),
  ...times(3, ['s', 's']),
  ...times(3, ['n', 'n']),
  ...times(3, ['n', 'o']),
  ...times(3, ['o', 'o']),
]
const notEntailing: readonly Cell[] = [
  ...times(5, ['a', 'o']),
  ...times(1, ['a', 'n']),
  ...times(1, ['s', 'a']),
  ...times(1, ['s', 'n']),
  ...times(1, ['s', 'o']),
  ...times(5, ['n', 's']),
  ...times(1, ['n', 'a']),
  ...times(1, ['o', 'a']),
  ...times(1, ['o', 's']),
  ...times(1, ['o', 'n']),
]

/** "All dogs slept last week." entails "Last week some dogs slept."; the day stands first in one of the two. */
const quantified: Family = (s, entailed) => {
  const [premise, hypothesis] = s.choice(entailed ? entailing : notEntailing)
  const noun = s.choice(beings).plural
  const verb = s.choice(intransitive).past
  const day = s.choice(days)
  const clause = (q: keyof typeof quantifiers): string => `${quantifiers[q]} ${noun} ${verb}`
  return s.below(2) === 1
    ? { premise: sentence(clause(premise), day), hypothesis: sentence(day, clause(hypothesis)) }
    : { premise: sentence(day, clause(premise)), hypothesis: sentence(clause(hypothesis), day) }
}

/** "The dog that followed the cat slept." entails "The dog slept." and "The dog followed the cat.", not the reverse. */
const relative: Family = (s, entailed) => {
  const [head, object] = twoOf(s, beings)
  const did = s.choice(transitive).past
  const then = s.choice(intransitive).past
  const premise = sentence('the', head.singular, 'that', did, 'the', object.singular, then)
  const [one, two] = entailed ? [head, object] : [object, head]
  const hypothesis =
    s.below(2) === 1 ? sentence('the', one.singular, then) : sentence('the', one.singular, did, 'the', two.singular)
  return { premise, hypothesis }
}

/** "The dog did not run but sang." entails "The dog sang." and "The dog did not run.". */
const negation: Family = (s, entailed) => {
  const subject = s.choice(beings).singular
  const [denied, done] = twoOf(s, intransitive)
  const premise =
    s.below(2) === 1
      ? sentence('the', subject, 'did', 'not', denied.base, 'but', done.past)
      : sentence('the', subject, done.past, 'but', 'did', 'not', denied.base)
  const asked = s.choice([denied, done])
  const negated = (asked === denied) === entailed
  const hypothesis = negated ? sentence('the', subject, 'did', 'not', asked.base) : sentence('the', subject, asked.past)
  return { premise, hypothesis }
}

const families: readonly Family[] = [quantified, relative, negation]

export const entailment: Grammar = {
  task: 'rte',
  levels: 2,
  symmetric: false,
  // GLUE's order: entailment is class 0.
  draw: (s, label) => {
    const { premise, hypothesis } = s.choice(families)(s, label === 0)
    return { text: premise, pair: hypothesis, label }
  },
}
