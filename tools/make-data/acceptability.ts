/**
 * Acceptability in CoLA's shape: agreement at a distance, across a relative clause, of determiners and of reflexives,
 * and word order. Every unacceptable sentence consists of the words of acceptable ones, in other places.
 */
import type { Stream } from '../../src/domain/random/stream.js'
import { percent, twoOf, type Grammar } from './grammar.js'
import {
  adjectives,
  beings,
  days,
  habits,
  intransitive,
  men,
  numbers,
  other,
  people,
  places,
  prepositions,
  present,
  sentence,
  transitive,
  women,
  type Number,
} from './lexicon.js'

type Family = (s: Stream, acceptable: boolean) => string

const maybe = (s: Stream, words: readonly string[]): string => (percent(s, 40) ? s.choice(words) : '')

/** "The dogs near the king sleep": the verb agrees with the head, not with the noun beside it. */
const attraction: Family = (s, acceptable) => {
  const [head, near] = twoOf(s, beings)
  const n = s.choice(numbers)
  const verb = present(s.choice(intransitive), acceptable ? n : other(n))
  const subject = ['the', maybe(s, adjectives), head[n], s.choice(prepositions), 'the', near[other(n)]]
  return sentence(...subject, verb, maybe(s, habits))
}

/** "The dogs that the king follows sleep": each verb agrees with its own subject. */
const relative: Family = (s, acceptable) => {
  const [head, inner] = twoOf(s, beings)
  const n = s.choice(numbers)
  const [outerNumber, innerNumber] = acceptable ? [n, other(n)] : [other(n), n]
  const clause = ['that', 'the', inner[other(n)], present(s.choice(transitive), innerNumber)]
  return sentence('the', head[n], ...clause, present(s.choice(intransitive), outerNumber), maybe(s, habits))
}

/** "This dog followed these cats": determiner and noun agree. */
const determiners: Family = (s, acceptable) => {
  const [agent, patient] = twoOf(s, beings)
  const n = s.choice(numbers)
  const determiner = (m: Number) => (m === 'singular' ? 'this' : 'these')
  const [first, second] = acceptable ? [n, other(n)] : [other(n), n]
  const object = [determiner(second), maybe(s, adjectives), patient[other(n)]]
  return sentence(determiner(first), agent[n], s.choice(transitive).past, ...object, maybe(s, days))
}

/** "The boy near the girls blamed himself": the reflexive's antecedent is the head of the subject. */
const reflexive: Family = (s, acceptable) => {
  const kinds = [
    { nouns: men, number: 'singular', pronoun: 'himself' },
    { nouns: women, number: 'singular', pronoun: 'herself' },
    { nouns: people, number: 'plural', pronoun: 'themselves' },
  ] as const
  const [head, near] = twoOf(s, kinds)
  const subject = [
    'the',
    s.choice(head.nouns)[head.number],
    s.choice(prepositions),
    'the',
    s.choice(near.nouns)[near.number],
  ]
  return sentence(...subject, s.choice(transitive).past, (acceptable ? head : near).pronoun, maybe(s, days))
}

/** "The old dog followed the cat near the river", or two of its words in an order English does not allow. */
const order: Family = (s, acceptable) => {
  const [agent, patient] = twoOf(s, beings)
  const number = s.choice(numbers)
  const words = {
    subject: ['the', s.choice(adjectives), agent[number]],
    verb: [s.choice(transitive).past],
    object: ['the', patient[s.choice(numbers)]],
    place: [s.choice(prepositions), 'the', s.choice(places)],
  }
  const { subject, verb, object, place } = words
  const [the = '', adjective = '', head = ''] = subject
  const [preposition = '', , where = ''] = place
  if (acceptable) return sentence(...subject, ...verb, ...object, ...place)
  const broken = [
    [the, head, adjective, ...verb, ...object, ...place],
    [...subject, ...verb, ...[...object].reverse(), ...place],
    [...subject, ...verb, ...object, 'the', preposition, where],
    [...subject, ...verb, ...object, 'the', where, preposition],
    [...subject, ...object, ...verb, ...place],
  ]
  return sentence(...s.choice(broken))
}

const families: readonly Family[] = [attraction, relative, determiners, reflexive, order]

export const acceptability: Grammar = {
  task: 'cola',
  levels: 2,
  symmetric: false,
  draw: (s, label) => ({ text: s.choice(families)(s, label === 1), pair: null, label }),
}
