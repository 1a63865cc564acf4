/* Rows of tables picked by number (reference/embedding.ts). */
#include "simd.h"

struct embed_arguments {
  uint32_t y, ids, places, words, positions, type, tokens, width;
};

KERNEL(embed) {
  size_t width = a->width;
  const float *type = F32(a->type);
  for (size_t t = 0; t < a->tokens; t++) {
    float *y = F32(a->y) + t * width;
    const float *w = F32(a->words) + (size_t)I32(a->ids)[t] * width;
    const float *p = F32(a->positions) + (size_t)I32(a->places)[t] * width;
    size_t i = 0;
    for (; i + W <= width; i += W) store(y + i, (load(w + i) + load(type + i)) + load(p + i));
    for (; i < width; i++) y[i] = (w[i] + type[i]) + p[i];
  }
}

struct gather_arguments {
  uint32_t y, x, index, rows, width;
};

KERNEL(gather) {
  size_t width = a->width;
  for (size_t r = 0; r < a->rows; r++) {
    uint32_t *y = U32(a->y) + r * width;
    const uint32_t *x = U32(a->x) + (size_t)I32(a->index)[r] * width;
    for (size_t i = 0; i < width; i++) y[i] = x[i];
  }
}

struct scatterAdd_arguments {
  uint32_t table, x, index, rows, width;
  int32_t skip;
};

/* Rows in ascending order: two of the same number are added one after the other. */
KERNEL(scatterAdd) {
  const size_t width = a->width;
  for (size_t r = 0; r < a->rows; r++) {
    const int32_t at = I32(a->index)[r];
    if (at == a->skip) continue;
    float *y = F32(a->table) + (size_t)at * width;
    const float *x = F32(a->x) + r * width;
    size_t i = 0;
    for (; i + W <= width; i += W) store(y + i, load(y + i) + load(x + i));
    for (; i < width; i++) y[i] = y[i] + x[i];
  }
}
