/* Sums over long columns in binary64 (reference/moments.ts). */
#include "simd.h"

#define D (W / 2)
typedef double vd __attribute__((vector_size(WIDTH)));
typedef double vd_loose __attribute__((vector_size(WIDTH), aligned(4), may_alias));
typedef float half_loose __attribute__((vector_size(WIDTH / 2), aligned(4), may_alias));

INLINE vd widen(const float *p) { return __builtin_convertvector(*(const half_loose *)p, vd); }

struct dot_arguments {
  uint32_t y, a, b, length;
};

KERNEL(dot) {
  const float *l = F32(a->a), *r = F32(a->b);
  const size_t n = a->length;
  vd sums[LANES / D] = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    UNROLL for (int v = 0; v < LANES / D; v++) sums[v] = sums[v] + widen(l + i + v * D) * widen(r + i + v * D);
  double s[LANES];
  for (int v = 0; v < LANES / D; v++) *(vd_loose *)(s + v * D) = sums[v];
  for (size_t lane = 0; i < n; i++, lane++) s[lane] = s[lane] + (double)l[i] * (double)r[i];
  for (int step = LANES / 2; step >= 1; step /= 2)
    for (int lane = 0; lane < step; lane++) s[lane] = s[lane] + s[lane + step];
  *F64(a->y) = s[0];
}

struct addMoments_arguments {
  uint32_t sum, squares, abs_max, x, rows, columns, row_step;
};

/* Columns side by side in lanes, rows one after the other: a strip of columns at a time keeps its sums in registers. */
KERNEL(addMoments) {
  double *sum = F64(a->sum), *squares = F64(a->squares);
  float *abs_max = F32(a->abs_max);
  size_t j = 0;
  for (; j + W <= a->columns; j += W) {
    const float *x = F32(a->x) + j;
    vd s0 = *(vd_loose *)(sum + j), s1 = *(vd_loose *)(sum + j + D);
    vd q0 = *(vd_loose *)(squares + j), q1 = *(vd_loose *)(squares + j + D);
    vf m = load(abs_max + j);
    for (size_t r = 0; r < a->rows; r++, x += a->row_step) {
      const vd x0 = widen(x), x1 = widen(x + D);
      const vf magnitude = absolute(load(x));
      s0 = s0 + x0;
      s1 = s1 + x1;
      q0 = q0 + x0 * x0;
      q1 = q1 + x1 * x1;
      m = choose(magnitude > m, magnitude, m);
    }
    *(vd_loose *)(sum + j) = s0;
    *(vd_loose *)(sum + j + D) = s1;
    *(vd_loose *)(squares + j) = q0;
    *(vd_loose *)(squares + j + D) = q1;
    store(abs_max + j, m);
  }
  for (; j < a->columns; j++) {
    const float *x = F32(a->x) + j;
    for (size_t r = 0; r < a->rows; r++, x += a->row_step) {
      const float magnitude = __builtin_fabsf(*x);
      sum[j] = sum[j] + (double)*x;
      squares[j] = squares[j] + (double)*x * (double)*x;
      if (magnitude > abs_max[j]) abs_max[j] = magnitude;
    }
  }
}
