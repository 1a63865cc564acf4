/* Self-attention of ragged sequences (reference/attention.ts) and its gradient (reference/attention-gradient.ts);
 * include after product.h and softmax.h. */
#include "dropout.h"

#define QUERY_BLOCK 32

struct attention_arguments {
  uint32_t y, q, k, v, offsets, sequences, heads, head_size, row_step, scratch;
  float scale;
  uint32_t examples;
  struct masks masks;
};

/* The masks of one head: its number is the lower half of word 2. */
INLINE struct masks masks_of(struct masks m, size_t head) {
  m.word2 |= (uint32_t)head;
  return m;
}

KERNEL(attention) {
  const size_t size = a->head_size, row = a->row_step, y_row = (size_t)a->heads * size;
  const int32_t *offsets = I32(a->offsets);
  for (size_t s = 0; s < a->sequences; s++) {
    const size_t from = (size_t)offsets[s], length = (size_t)offsets[s + 1] - from;
    const size_t step = (length + PANEL - 1) / PANEL * PANEL;
    float *keys = F32(a->scratch);
    float *values = keys + step * size;
    float *scores = values + (size + PANEL - 1) / PANEL * PANEL * length;
    for (size_t h = 0; h < a->heads; h++) {
      const struct masks masks = masks_of(a->masks, h);
      const size_t at = from * row + h * size;
      pack_panels(keys, F32(a->k) + at, size, length, row, 1);
      pack_panels(values, F32(a->v) + at, length, size, 1, row);
      for (size_t i = 0; i < length; i += QUERY_BLOCK) {
        const size_t rows = length - i < QUERY_BLOCK ? length - i : QUERY_BLOCK;
        const struct matrix_product qk = {
            .y = scores,
            .x = F32(a->q) + at + i * row,
            .panels = keys,
            .rows = rows,
            .inner = size,
            .columns = length,
            .x_row = row,
            .x_inner = 1,
            .y_step = step,
        };
        multiply(&qk);
        softmax_rows(scores, scores, rows, length, step, a->scale);
        if (masks.threshold)
          for (size_t r = 0; r < rows; r++)
            drop_row(scores + r * step, scores + r * step, length, (uint32_t)(i + r), U32(a->examples)[s], &masks);
        const struct matrix_product pv = {
            .y = F32(a->y) + (from + i) * y_row + h * size,
            .x = scores,
            .panels = values,
            .rows = rows,
            .inner = length,
            .columns = size,
            .x_row = step,
            .x_inner = 1,
            .y_step = y_row,
        };
        multiply(&pv);
      }
    }
  }
}

struct attentionGradient_arguments {
  uint32_t dq, dk, dv, dy, q, k, v, offsets, sequences, heads, head_size, scratch;
  float scale;
  uint32_t examples;
  struct masks masks;
};

KERNEL(attentionGradient) {
  const size_t size = a->head_size, row = (size_t)a->heads * size, wide = (size + PANEL - 1) / PANEL * PANEL;
  const int32_t *offsets = I32(a->offsets);
  for (size_t s = 0; s < a->sequences; s++) {
    const size_t from = (size_t)offsets[s], length = (size_t)offsets[s + 1] - from;
    const size_t step = (length + PANEL - 1) / PANEL * PANEL;
    float *across = F32(a->scratch); /* panels of columns that are tokens */
    float *along = across + step * size; /* panels of inner terms that are tokens */
    float *p = along + wide * length, *ds = p + length * step;
    for (size_t h = 0; h < a->heads; h++) {
      const struct masks masks = masks_of(a->masks, h);
      const size_t at = from * row + h * size;
      const float *q = F32(a->q) + at, *k = F32(a->k) + at, *v = F32(a->v) + at, *dy = F32(a->dy) + at;
      struct matrix_product m = {
          .panels = across, .rows = length, .inner = size, .columns = length, .x_row = row, .x_inner = 1, .y_step = step};
      pack_panels(across, k, size, length, row, 1);
      m.x = q;
      m.y = p;
      multiply(&m);
      softmax_rows(p, p, length, length, step, a->scale);
      pack_panels(across, v, size, length, row, 1);
      m.x = dy;
      m.y = ds;
      multiply(&m);
      for (size_t i = 0; i < length; i++) {
        float *pi = p + i * step, *di = ds + i * step;
        if (masks.threshold) drop_row(di, di, length, (uint32_t)i, U32(a->examples)[s], &masks);
        const float level = fold_dot(di, pi, length);
        size_t j = 0;
        for (; j + W <= length; j += W) store(di + j, (load(pi + j) * (load(di + j) - level)) * a->scale);
        for (; j < length; j++) di[j] = (pi[j] * (di[j] - level)) * a->scale;
        if (masks.threshold) drop_row(pi, pi, length, (uint32_t)i, U32(a->examples)[s], &masks);
      }
      m = (struct matrix_product){
          .panels = along, .rows = length, .inner = length, .columns = size, .x_row = 1, .x_inner = step, .y_step = row};
      pack_panels(along, dy, length, size, 1, row);
      m.x = p;
      m.y = F32(a->dv) + at;
      multiply(&m);
      pack_panels(along, q, length, size, 1, row);
      m.x = ds;
      m.y = F32(a->dk) + at;
      multiply(&m);
      pack_panels(along, k, length, size, 1, row);
      m.x_row = step;
      m.x_inner = 1;
      m.y = F32(a->dq) + at;
      multiply(&m);
    }
  }
}
