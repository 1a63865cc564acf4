/** The words of each call of a training kernel, in the order of the C struct of the same name (arguments.ts). */
import type { EncodersOf, Words } from './arguments.js'
import type { MapGradient, MaskPlaces, TrainingKernels } from './training.js'

const mapGradient = ({ u32 }: Words, a: MapGradient): void => u32.set([a.dx, a.dy, a.x, a.length])

/** `struct masks` from word `at` on; nothing is dropped without masks. */
export const encodeMasks = ({ u32, f32 }: Words, at: number, masks: MaskPlaces | undefined): void => {
  if (masks === undefined) {
    u32.fill(0, at, at + 6)
    return
  }
  u32.set([masks.word2, masks.word3, masks.key[0], masks.key[1], masks.threshold], at)
  f32[at + 5] = masks.scale
}

/** In the order of list.h. */
export const trainingEncoders: EncodersOf<TrainingKernels> = {
  weightGradient: ({ u32 }, { dyRowStep, yRowStep, ...a }) =>
    u32.set([
      ...[a.y, a.dy, a.panels, a.offsets, a.sequences, a.rows, a.columns],
      ...[dyRowStep ?? a.rows, yRowStep ?? a.columns, Number(a.onward)],
    ]),
  columnSums: ({ u32 }, a) => u32.set([a.y, a.x, a.offsets, a.sequences, a.columns, Number(a.onward)]),
  layerNormGradient: ({ u32, f32 }, a) => {
    u32.set([a.dx, a.products, a.dy, a.x, a.gain, a.rows, a.width])
    f32[7] = a.epsilon
  },
  geluGradient: mapGradient,
  tanhGradient: mapGradient,
  attentionGradient: (words, a) => {
    words.u32.set([
      ...[a.dq, a.dk, a.dv, a.dy, a.q, a.k, a.v, a.offsets],
      ...[a.sequences, a.heads, a.headSize, a.scratch],
    ])
    words.f32[12] = a.scale
    words.u32[13] = a.dropout?.examples ?? 0
    encodeMasks(words, 14, a.dropout)
  },
  dropout: (words, a) => {
    words.u32.set([a.y, a.x, a.rows, a.width, a.tokens, a.examples])
    encodeMasks(words, 6, a)
  },
  scatterAdd: ({ u32 }, a) => u32.set([a.table, a.x, a.index, a.rows, a.width, a.skip]),
  adamW: ({ u32, f32 }, a) => {
    u32.set([a.w, a.g, a.m, a.v, a.length])
    f32.set([a.clip, a.beta1, a.rest1, a.beta2, a.rest2, a.root, a.epsilon, a.rate, a.decay], 5)
  },
}
