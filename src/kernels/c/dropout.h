/* Dropout whose mask is a function of what it is for (reference/dropout.ts). */
#ifndef OHMFLOW_DROPOUT_H
#define OHMFLOW_DROPOUT_H
#include "normal.h"

/* Which masks: counter words 2 and 3 and the key of their Philox words; a word below `threshold` drops its number. */
struct masks {
  uint32_t word2, word3, k0, k1, threshold;
  float scale;
};

#define DROPOUT_GROUP 64

/* One row; y may be x. */
static void drop_row(float *y, const float *x, size_t width, uint32_t token, uint32_t example, const struct masks *m) {
  const vu lane = lane_numbers(), threshold = splat_word(m->threshold);
  for (size_t from = 0; from < width; from += DROPOUT_GROUP)
    for (size_t v = 0; v < LANES && from + v < width; v += W) {
      vu c[4] = {lane + (uint32_t)(token << 16 | (from / 4 + v)), splat_word(example), splat_word(m->word2),
                 splat_word(m->word3)};
      philox_of(1, &c, m->k0, m->k1);
      UNROLL for (size_t i = 0; i < 4; i++) {
        const size_t at = from + i * LANES + v;
        const vi keep = (vi)(c[i] >= threshold);
        if (at + W <= width) store(y + at, (vf)(keep & (vi)(load(x + at) * m->scale)));
        else if (at < width)
          store_part(y + at, (vf)(keep & (vi)(load_part(x + at, width - at, 0.0f) * m->scale)), width - at);
      }
    }
}

struct dropout_arguments {
  uint32_t y, x, rows, width, tokens, examples;
  struct masks masks;
};

KERNEL(dropout) {
  for (size_t r = 0; r < a->rows; r++)
    drop_row(F32(a->y) + r * a->width, F32(a->x) + r * a->width, a->width, U32(a->tokens)[r], U32(a->examples)[r],
             &a->masks);
}

#endif
