/* Layer normalisation (reference/layer-norm.ts). */
#include "lanes.h"

struct layerNorm_arguments {
  uint32_t y, x, gain, bias, rows, width;
  float epsilon;
};

KERNEL(layerNorm) {
  size_t width = a->width;
  const float *gain = F32(a->gain), *bias = F32(a->bias);
  for (size_t r = 0; r < a->rows; r++) {
    float *y = F32(a->y) + r * width;
    const float *row = F32(a->x) + r * width;
    vf sums[LANE_VECTORS] = {0};
    FOR_LANES(row, width, 0.0f, sums[v] = sums[v] + x);
    float mean = fold_sum(sums) / (float)width;
    vf squares[LANE_VECTORS] = {0};
    /* The filling is the mean, so that its deviation is +0 (a NaN mean makes everything NaN anyway). */
    FOR_LANES(row, width, mean, {
      vf d = x - mean;
      squares[v] = squares[v] + d * d;
    });
    float variance = fold_sum(squares) / (float)width;
    float scale = 1.0f / __builtin_sqrtf(variance + a->epsilon);
    size_t i = 0;
    for (; i + W <= width; i += W) store(y + i, ((load(row + i) - mean) * scale) * load(gain + i) + load(bias + i));
    for (; i < width; i++) y[i] = ((row[i] - mean) * scale) * gain[i] + bias[i];
  }
}
