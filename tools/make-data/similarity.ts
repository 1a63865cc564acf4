/**
 * Similarity in STS-B's shape: two sentences of five slots each (agent, act, patient, place, time); one point for every
 * slot that agrees, be it by a synonym, half a point for a relative of the same kind. 0 .. 5 in steps of 0.5.
 */
import type { Stream } from '../../src/domain/random/stream.js'
import { twoOf, type Grammar } from './grammar.js'
import { sentence } from './lexicon.js'

/** A meaning is a pair of synonyms; a kind is a list of meanings. */
type Meaning = readonly [string, string]
type Kind = readonly Meaning[]

const participants: readonly Kind[] = [
  [
    ['man', 'guy'],
    ['boy', 'lad'],
    ['woman', 'lady'],
    ['child', 'kid'],
  ],
  [
    ['dog', 'hound'],
    ['rabbit', 'bunny'],
    ['horse', 'pony'],
    ['mouse', 'rodent'],
  ],
]
const acts: readonly Kind[] = [
  [
    ['chases', 'pursues'],
    ['pushes', 'shoves'],
  ],
  [
    ['watches', 'observes'],
    ['finds', 'discovers'],
  ],
]
const places: readonly Kind[] = [
  [
    ['forest', 'wood'],
    ['field', 'meadow'],
  ],
  [
    ['street', 'road'],
    ['shop', 'store'],
  ],
]
const moments: readonly Kind[] = [
  [
    ['at night', 'after dark'],
    ['at dawn', 'at sunrise'],
  ],
  [
    ['in winter', 'in the cold season'],
    ['in autumn', 'in the fall'],
  ],
]

type Degree = 'same' | 'related' | 'different'

/** A word for both sentences whose meanings agree to the degree asked. */
const slot = (s: Stream, kinds: readonly Kind[], degree: Degree): Meaning => {
  const [kind, elsewhere] = twoOf(s, kinds)
  const [meaning, relative] = twoOf(s, kind)
  const second = { same: meaning, related: relative, different: s.choice(elsewhere) }[degree]
  return [s.choice(meaning), s.choice(second)]
}

const slots: readonly (readonly Kind[])[] = [participants, acts, participants, places, moments]

const told = ([agent = '', act = '', patient = '', place = '', moment = '']: readonly string[]): string =>
  sentence('a', agent, act, 'a', patient, 'in', 'the', place, moment)

export const similarity: Grammar = {
  task: 'stsb',
  levels: 11,
  symmetric: true,
  draw: (s, level) => {
    // Half points make up the odd part, and now and then a whole point too.
    const most = Math.min(level, 10 - level)
    const halves = level % 2 === 1 ? 1 : most >= 2 && s.below(3) === 0 ? 2 : 0
    const degrees = s.shuffle<Degree>([
      ...Array<Degree>((level - halves) / 2).fill('same'),
      ...Array<Degree>(halves).fill('related'),
      ...Array<Degree>(5 - (level + halves) / 2).fill('different'),
    ])
    const words = slots.map((kinds, i) => slot(s, kinds, degrees[i] ?? 'different'))
    return { text: told(words.map(w => w[0])), pair: told(words.map(w => w[1])), label: level / 2 }
  },
}
