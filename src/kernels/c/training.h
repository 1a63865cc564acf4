/* Sums of columns sequence by sequence (reference/column-sums.ts) and a step of AdamW (reference/adam-w.ts); include
 * after product.h. */
#include "normal.h"

struct columnSums_arguments {
  uint32_t y, x, offsets, sequences, columns, onward;
};

/* A block's rows one after the other; `sums` is a strip of LANES columns. */
KERNEL(columnSums) {
  const int32_t *offsets = I32(a->offsets);
  const size_t columns = a->columns;
  for (size_t first = 0; first < columns; first += LANES) {
    const size_t n = columns - first < LANES ? columns - first : LANES;
    float *y = F32(a->y) + first, total[LANES];
    const float *x = F32(a->x) + first;
    for (size_t j = 0; j < n; j++) total[j] = a->onward ? y[j] : 0.0f;
    int added = a->onward != 0;
    for (size_t s = 0; s < a->sequences; s++)
      for (size_t from = (size_t)offsets[s], end = (size_t)offsets[s + 1], to; from < end; from = to) {
        to = end - from < INNER_BLOCK ? end : from + INNER_BLOCK;
        float sums[LANES];
        if (n == LANES) {
          vf block[LANE_VECTORS] = {0};
          for (size_t r = from; r < to; r++)
            UNROLL for (int v = 0; v < LANE_VECTORS; v++) block[v] = block[v] + load(x + r * columns + v * W);
          UNROLL for (int v = 0; v < LANE_VECTORS; v++) store(sums + v * W, block[v]);
        } else
          for (size_t j = 0; j < n; j++) {
            sums[j] = 0.0f;
            for (size_t r = from; r < to; r++) sums[j] = sums[j] + x[r * columns + j];
          }
        for (size_t j = 0; j < n; j++) total[j] = added ? total[j] + sums[j] : sums[j];
        added = 1;
      }
    for (size_t j = 0; j < n; j++) y[j] = total[j];
  }
}

struct adamW_arguments {
  uint32_t w, g, m, v, length;
  float clip, beta1, rest1, beta2, rest2, root, epsilon, rate, decay;
};

INLINE void adam_w(const struct adamW_arguments *a, vf *w, vf g, vf *m, vf *v) {
  g = g * a->clip;
  *m = a->beta1 * *m + a->rest1 * g;
  *v = a->beta2 * *v + (a->rest2 * g) * g;
  *w = *w - (a->decay * *w + a->rate * (*m / (vsqrt(*v) * a->root + a->epsilon)));
}

KERNEL(adamW) {
  float *w = F32(a->w), *m = F32(a->m), *v = F32(a->v);
  const float *g = F32(a->g);
  const size_t n = a->length;
  size_t i = 0;
  for (; i + W <= n; i += W) {
    vf wi = load(w + i), mi = load(m + i), vi_ = load(v + i);
    adam_w(a, &wi, load(g + i), &mi, &vi_);
    store(w + i, wi);
    store(m + i, mi);
    store(v + i, vi_);
  }
  if (i < n) {
    vf wi = load_part(w + i, n - i, 0.0f), mi = load_part(m + i, n - i, 0.0f), vi_ = load_part(v + i, n - i, 0.0f);
    adam_w(a, &wi, load_part(g + i, n - i, 0.0f), &mi, &vi_);
    store_part(w + i, wi, n - i);
    store_part(m + i, mi, n - i);
    store_part(v + i, vi_, n - i);
  }
}
