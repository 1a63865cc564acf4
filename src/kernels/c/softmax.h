/* Softmax of scaled rows (reference/softmax.ts). */
#include "elementary.h"
#include "lanes.h"

static void softmax_rows(float *y, const float *x, size_t rows, size_t width, size_t step, float scale) {
  for (size_t r = 0; r < rows; r++, x += step, y += step) {
    const float *row = x;
    vf maxima[LANE_VECTORS];
    for (int v = 0; v < LANE_VECTORS; v++) maxima[v] = splat(-__builtin_inff());
    size_t whole = width - width % LANES, left = width % LANES;
    float tail[LANES];
    for (size_t i = 0; i < LANES; i++) tail[i] = i < left ? row[whole + i] * scale : -__builtin_inff();
    for (size_t i = 0; i < whole; i += LANES)
      UNROLL for (int v = 0; v < LANE_VECTORS; v++) {
        vf z = load(row + i + v * W) * scale;
        maxima[v] = choose(z > maxima[v], z, maxima[v]);
      }
    if (left)
      UNROLL for (int v = 0; v < LANE_VECTORS; v++) {
        vf z = load(tail + v * W);
        maxima[v] = choose(z > maxima[v], z, maxima[v]);
      }
    float max = fold_max(maxima);
    vf sums[LANE_VECTORS] = {0};
    for (size_t i = 0; i < whole; i += LANES)
      UNROLL for (int v = 0; v < LANE_VECTORS; v++) {
        vf e = vexp(load(row + i + v * W) * scale - max);
        store(y + i + v * W, e);
        sums[v] = sums[v] + e;
      }
    if (left) {
      UNROLL for (int v = 0; v < LANE_VECTORS; v++) store(tail + v * W, vexp(load(tail + v * W) - max));
      for (size_t i = 0; i < LANES; i++)
        if (i < left) y[whole + i] = tail[i];
        else tail[i] = 0.0f;
      UNROLL for (int v = 0; v < LANE_VECTORS; v++) sums[v] = sums[v] + load(tail + v * W);
    }
    float sum = fold_sum(sums);
    size_t i = 0;
    for (; i + W <= width; i += W) store(y + i, load(y + i) / sum);
    for (; i < width; i++) y[i] = y[i] / sum;
  }
}

struct softmax_arguments {
  uint32_t y, x, rows, width, row_step;
  float scale;
};

KERNEL(softmax) { softmax_rows(F32(a->y), F32(a->x), a->rows, a->width, a->row_step, a->scale); }
