/* Self-attention of ragged sequences (reference/attention.ts); include after product.h and softmax.h. */

#define QUERY_BLOCK 32

struct attention_arguments {
  uint32_t y, q, k, v, offsets, sequences, heads, head_size, row_step, scratch;
  float scale;
};

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
