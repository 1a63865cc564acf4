/**
 * Paraphrase in MRPC's shape: the same event told in two constructions (active, passive, clefts), with the roles kept
 * or exchanged, or with one participant replaced. Kept and exchanged roles use the same words.
 */
import { percent, twoOf, type Grammar } from './grammar.js'
import { beings, days, sentence, transitive } from './lexicon.js'

const names = beings.slice(0, 12).map(n => n.singular)

interface Event {
  readonly agent: string
  readonly patient: string
  readonly past: string
  readonly day: string
}

type Construction = (e: Event) => string

const active: Construction = e => sentence('the', e.agent, e.past, 'the', e.patient, e.day)
const passive: Construction = e => sentence('the', e.patient, 'was', e.past, 'by', 'the', e.agent, e.day)
/** "It was the cat that followed the dog." */
const agentCleft: Construction = e => sentence('it', 'was', 'the', e.agent, 'that', e.past, 'the', e.patient, e.day)
/** "It was the dog that the cat followed." */
const patientCleft: Construction = e => sentence('it', 'was', 'the', e.patient, 'that', 'the', e.agent, e.past, e.day)

const constructions: readonly Construction[] = [active, passive, agentCleft, patientCleft]

export const paraphrase: Grammar = {
  task: 'mrpc',
  levels: 2,
  symmetric: true,
  draw: (s, label) => {
    const [agent, patient] = twoOf(s, names)
    const event = { agent, patient, past: s.choice(transitive).past, day: s.choice(['', ...days]) }
    const told = (): Event => {
      if (label === 1) return event
      if (percent(s, 60)) return { ...event, agent: patient, patient: agent }
      const stranger = s.choice(names.filter(n => n !== agent && n !== patient))
      return s.below(2) === 1 ? { ...event, agent: stranger } : { ...event, patient: stranger }
    }
    const first = s.choice([active, passive])
    const second = s.choice(constructions.filter(c => c !== first))
    return { text: first(event), pair: second(told()), label }
  },
}
