/* Sums and maxima in the fixed order of reference/lanes.ts: 16 lanes, then halves. */
#ifndef OHMFLOW_LANES_H
#define OHMFLOW_LANES_H
#include "simd.h"

/* Numbers 16 at a time: calls `each(vector index, vector)` through a macro body using `v` and `x`; a short last group
 * is filled up with `fill`, which must leave a lane unchanged. */
#define FOR_LANES(p, n, fill, body)                                                                                    \
  do {                                                                                                                 \
    size_t lane_i = 0, lane_n = (n);                                                                                   \
    for (; lane_i + LANES <= lane_n; lane_i += LANES) {                                                                \
      UNROLL for (int v = 0; v < LANE_VECTORS; v++) {                                                                  \
        vf x = load((p) + lane_i + v * W);                                                                             \
        body;                                                                                                          \
      }                                                                                                                \
    }                                                                                                                  \
    if (lane_i < lane_n) {                                                                                             \
      float lane_t[LANES];                                                                                             \
      for (size_t lane_j = 0; lane_j < LANES; lane_j++)                                                                \
        lane_t[lane_j] = lane_i + lane_j < lane_n ? (p)[lane_i + lane_j] : (fill);                                     \
      UNROLL for (int v = 0; v < LANE_VECTORS; v++) {                                                                  \
        vf x = load(lane_t + v * W);                                                                                   \
        body;                                                                                                          \
      }                                                                                                                \
    }                                                                                                                  \
  } while (0)

INLINE float fold_sum(const vf *sums) {
  float s[LANES];
  for (int v = 0; v < LANE_VECTORS; v++) store(s + v * W, sums[v]);
  for (int half = LANES / 2; half >= 1; half /= 2)
    for (int l = 0; l < half; l++) s[l] = s[l] + s[l + half];
  return s[0];
}

INLINE float fold_max(const vf *maxima) {
  float s[LANES];
  for (int v = 0; v < LANE_VECTORS; v++) store(s + v * W, maxima[v]);
  for (int half = LANES / 2; half >= 1; half /= 2)
    for (int l = 0; l < half; l++) s[l] = s[l + half] > s[l] ? s[l + half] : s[l];
  return s[0];
}

/* Sum of a[i] b[i]. */
INLINE float fold_dot(const float *a, const float *b, size_t n) {
  vf sums[LANE_VECTORS] = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    UNROLL for (int v = 0; v < LANE_VECTORS; v++) sums[v] = sums[v] + load(a + i + v * W) * load(b + i + v * W);
  if (i < n) {
    float s[LANES] = {0}, t[LANES] = {0};
    for (size_t j = 0; i + j < n; j++) {
      s[j] = a[i + j];
      t[j] = b[i + j];
    }
    UNROLL for (int v = 0; v < LANE_VECTORS; v++) sums[v] = sums[v] + load(s + v * W) * load(t + v * W);
  }
  return fold_sum(sums);
}

#endif
