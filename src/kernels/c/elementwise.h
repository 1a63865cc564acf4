/* Functions applied number by number (reference/elementwise.ts). */
#include "elementary.h"

struct elementwise_arguments {
  uint32_t y, x, length;
};
#define exp_arguments elementwise_arguments
#define log_arguments elementwise_arguments
#define erf_arguments elementwise_arguments
#define tanh_arguments elementwise_arguments
#define gelu_arguments elementwise_arguments

#define MAP(name, function)                                                                                            \
  KERNEL(name) {                                                                                                       \
    float *y = F32(a->y);                                                                                              \
    const float *x = F32(a->x);                                                                                        \
    size_t n = a->length, i = 0;                                                                                       \
    for (; i + W <= n; i += W) store(y + i, function(load(x + i)));                                                    \
    if (i < n) store_part(y + i, function(load_part(x + i, n - i, 0.0f)), n - i);                                      \
  }

MAP(exp, vexp)
MAP(log, vlog)
MAP(erf, verf)
MAP(tanh, vtanh)
MAP(gelu, vgelu)

struct turn_arguments {
  uint32_t sine, cosine, u, length;
};

KERNEL(turn) {
  float *sine = F32(a->sine), *cosine = F32(a->cosine);
  const float *u = F32(a->u);
  vf s, c;
  size_t n = a->length, i = 0;
  for (; i + W <= n; i += W) {
    const vf x = load(u + i);
    turns(1, &x, &s, &c);
    store(sine + i, s);
    store(cosine + i, c);
  }
  if (i < n) {
    const vf x = load_part(u + i, n - i, 0.0f);
    turns(1, &x, &s, &c);
    store_part(sine + i, s, n - i);
    store_part(cosine + i, c, n - i);
  }
}

struct add_arguments {
  uint32_t y, a, b, length;
};

KERNEL(add) {
  float *y = F32(a->y);
  const float *l = F32(a->a), *r = F32(a->b);
  size_t n = a->length, i = 0;
  for (; i + W <= n; i += W) store(y + i, load(l + i) + load(r + i));
  for (; i < n; i++) y[i] = l[i] + r[i];
}

struct map_gradient_arguments {
  uint32_t dx, dy, x, length;
};
#define geluGradient_arguments map_gradient_arguments
#define tanhGradient_arguments map_gradient_arguments

/* Of x before the function. */
INLINE vf vgelu_slope(vf x) {
  const vf share = 0.5f * (1.0f + verf(x * 0.7071067811865476f));
  const vf density = 0.3989422804014327f * vexp(-0.5f * (x * x));
  return share + x * density;
}

/* Of y after the function. */
INLINE vf vtanh_slope(vf y) { return 1.0f - y * y; }

#define MAP_GRADIENT(name, slope)                                                                                      \
  KERNEL(name) {                                                                                                       \
    float *dx = F32(a->dx);                                                                                            \
    const float *dy = F32(a->dy), *x = F32(a->x);                                                                      \
    size_t n = a->length, i = 0;                                                                                       \
    for (; i + W <= n; i += W) store(dx + i, load(dy + i) * slope(load(x + i)));                                       \
    if (i < n)                                                                                                         \
      store_part(dx + i, load_part(dy + i, n - i, 0.0f) * slope(load_part(x + i, n - i, 0.0f)), n - i);                \
  }

MAP_GRADIENT(geluGradient, vgelu_slope)
MAP_GRADIENT(tanhGradient, vtanh_slope)
