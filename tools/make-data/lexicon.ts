/**
 * The words the miniature sentences are made of, and the forms the grammars need of them. Regular words where English
 * allows it, so that a few hundred word forms serve all tasks. Not modelled: irregular plurals, countability.
 */

export type Number = 'singular' | 'plural'
export const numbers: readonly Number[] = ['singular', 'plural']
export const other = (n: Number): Number => (n === 'singular' ? 'plural' : 'singular')

export interface Noun {
  readonly singular: string
  readonly plural: string
}
const noun = (singular: string): Noun => ({ singular, plural: `${singular}s` })

export const men: readonly Noun[] = ['boy', 'king', 'uncle', 'monk', 'waiter'].map(noun)
export const women: readonly Noun[] = ['girl', 'queen', 'aunt', 'nun', 'sister'].map(noun)
const workers: readonly Noun[] = ['farmer', 'doctor', 'sailor', 'singer', 'baker', 'poet', 'pilot', 'judge'].map(noun)
export const people: readonly Noun[] = [...men, ...women, ...workers]
export const animals: readonly Noun[] = ['dog', 'cat', 'horse', 'bird', 'goat', 'duck', 'bear', 'tiger'].map(noun)
export const beings: readonly Noun[] = [...people, ...animals]

export interface Verb {
  /** Infinitive and plural present. */
  readonly base: string
  /** Third person singular present. */
  readonly third: string
  /** Past tense; of transitive verbs the participle too. */
  readonly past: string
}
const verb = (base: string, past: string, third = `${base}s`): Verb => ({ base, third, past })
export const present = (v: Verb, n: Number): string => (n === 'singular' ? v.third : v.base)

/** Verbs with an object; regular, so that the past tense is the passive's participle. */
export const transitive: readonly Verb[] = [
  verb('follow', 'followed'),
  verb('help', 'helped'),
  verb('visit', 'visited'),
  verb('call', 'called'),
  verb('scare', 'scared'),
  verb('chase', 'chased'),
  verb('greet', 'greeted'),
  verb('trust', 'trusted'),
  verb('blame', 'blamed'),
  verb('admire', 'admired'),
]
export const intransitive: readonly Verb[] = [
  verb('sleep', 'slept'),
  verb('run', 'ran'),
  verb('sing', 'sang'),
  verb('swim', 'swam'),
  verb('wait', 'waited'),
  verb('smile', 'smiled'),
  verb('dance', 'danced'),
  verb('fall', 'fell'),
  verb('leave', 'left'),
  verb('win', 'won'),
]

export const adjectives = ['old', 'young', 'tall', 'quiet', 'brave', 'tired'] as const
export const prepositions = ['near', 'behind', 'beside', 'with'] as const
export const places = ['river', 'house', 'garden', 'market', 'bridge', 'school'] as const
/** When something happened, and when something happens again and again. */
export const days = ['today', 'yesterday', 'on Monday', 'last week', 'at night'] as const
export const habits = ['at night', 'at noon', 'every day', 'too often'] as const

/** A sentence as GLUE's plain texts write it: capitalised, full stop at the end. */
export const sentence = (...words: readonly string[]): string => {
  const text = words.filter(w => w !== '').join(' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
