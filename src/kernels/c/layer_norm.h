/* Layer normalisation (reference/layer-norm.ts). */
#include "lanes.h"

struct layerNorm_arguments {
  uint32_t y, x, gain, bias, rows, width;
  float epsilon;
};

/* The mean of a row is returned, and what its deviations are multiplied by. */
INLINE float normalisation(const float *row, size_t width, float epsilon, float *scale) {
  vf sums[LANE_VECTORS] = {0};
  FOR_LANES(row, width, 0.0f, sums[v] = sums[v] + x);
  const float mean = fold_sum(sums) / (float)width;
  vf squares[LANE_VECTORS] = {0};
  /* The filling is the mean, so that its deviation is +0 (a NaN mean makes everything NaN anyway). */
  FOR_LANES(row, width, mean, {
    vf d = x - mean;
    squares[v] = squares[v] + d * d;
  });
  const float variance = fold_sum(squares) / (float)width;
  *scale = 1.0f / __builtin_sqrtf(variance + epsilon);
  return mean;
}

KERNEL(layerNorm) {
  size_t width = a->width;
  const float *gain = F32(a->gain), *bias = F32(a->bias);
  for (size_t r = 0; r < a->rows; r++) {
    float *y = F32(a->y) + r * width;
    const float *row = F32(a->x) + r * width;
    float scale;
    const float mean = normalisation(row, width, a->epsilon, &scale);
    size_t i = 0;
    for (; i + W <= width; i += W) store(y + i, ((load(row + i) - mean) * scale) * load(gain + i) + load(bias + i));
    for (; i < width; i++) y[i] = ((row[i] - mean) * scale) * gain[i] + bias[i];
  }
}

struct layerNormGradient_arguments {
  uint32_t dx, products, dy, x, gain, rows, width;
  float epsilon;
};

/* reference/layer-norm-gradient.ts. On the way dx holds dy gain, and products dy gain times the normalised x. */
KERNEL(layerNormGradient) {
  const size_t width = a->width;
  const float *gain = F32(a->gain);
  for (size_t r = 0; r < a->rows; r++) {
    float *dx = F32(a->dx) + r * width, *products = F32(a->products) + r * width;
    const float *dy = F32(a->dy) + r * width, *row = F32(a->x) + r * width;
    float scale;
    const float mean = normalisation(row, width, a->epsilon, &scale);
    size_t i = 0;
    for (; i + W <= width; i += W) {
      const vf g = load(dy + i) * load(gain + i);
      store(dx + i, g);
      store(products + i, g * ((load(row + i) - mean) * scale));
    }
    for (; i < width; i++) {
      dx[i] = dy[i] * gain[i];
      products[i] = dx[i] * ((row[i] - mean) * scale);
    }
    vf sums[LANE_VECTORS] = {0};
    FOR_LANES(dx, width, 0.0f, sums[v] = sums[v] + x);
    const float level = fold_sum(sums) / (float)width;
    vf slopes[LANE_VECTORS] = {0};
    FOR_LANES(products, width, 0.0f, slopes[v] = slopes[v] + x);
    const float slope = fold_sum(slopes) / (float)width;
    for (i = 0; i + W <= width; i += W) {
      const vf d = (load(row + i) - mean) * scale;
      store(dx + i, scale * ((load(dx + i) - level) - d * slope));
      store(products + i, load(dy + i) * d);
    }
    for (; i < width; i++) {
      const float d = (row[i] - mean) * scale;
      dx[i] = scale * ((dx[i] - level) - d * slope);
      products[i] = dy[i] * d;
    }
  }
}
