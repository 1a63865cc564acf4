/* The bit line as a resistive ladder (reference/ladder.ts): lanes are columns, binary64. */
#ifndef OHMFLOW_LADDER_H
#define OHMFLOW_LADDER_H
#include "simd.h"

#define HALF (W / 2)
typedef double vd __attribute__((vector_size(WIDTH)));
typedef double vd_loose __attribute__((vector_size(WIDTH), aligned(8), may_alias));
typedef float vh __attribute__((vector_size(WIDTH / 2)));
typedef float vh_loose __attribute__((vector_size(WIDTH / 2), aligned(4), may_alias));

/* u [rows][16] of one panel of 16 bit lines g [rows][16]; order: the row at each place, the ADC's last. */
INLINE void ladder_along(double *u, const float *g, size_t rows, double load, const uint32_t *order) {
  vd e[LANES / HALF];
  UNROLL for (int v = 0; v < LANES / HALF; v++) e[v] = (vd){};
  for (size_t i = 0; i + 1 < rows; i++) {
    const size_t row = order ? order[i] : i;
    UNROLL for (int v = 0; v < LANES / HALF; v++) {
      const size_t at = row * LANES + v * HALF;
      const vd s = __builtin_convertvector(*(const vh_loose *)(g + at), vd) * load + e[v];
      const vd p = 1.0 / (s + 1.0);
      e[v] = s * p;
      *(vd_loose *)(u + at) = p;
    }
  }
  UNROLL for (int v = 0; v < LANES / HALF; v++) {
    vd below = 1.0 - (vd){};
    for (size_t i = rows; i > 0; i--) {
      const size_t at = (order ? order[i - 1] : i - 1) * LANES + v * HALF;
      if (i < rows) below = *(const vd_loose *)(u + at) * below;
      *(vd_loose *)(u + at) = below;
    }
  }
}

/* Rows in their own order if `order` is 0. */
static void ladder_panel(double *u, const float *g, size_t rows, double load, const uint32_t *order) {
  if (order) ladder_along(u, g, rows, load, order);
  else ladder_along(u, g, rows, load, 0);
}

struct ladder_arguments {
  double load;
  uint32_t u, g, rows, columns;
};

KERNEL(ladder) {
  for (size_t first = 0; first < a->columns; first += LANES)
    ladder_panel(F64(a->u) + first * a->rows, F32(a->g) + first * a->rows, a->rows, a->load, 0);
}

#endif
