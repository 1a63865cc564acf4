/* Largest error of the elementary kernels over every binary32 input, against the C library's binary64 functions (whose
 * own error, under 1e-15, does not show). Run by bench/accuracy.mts. -DSTEP=n takes every n-th input. */
#define _GNU_SOURCE
#define ISA bench
#include "../src/kernels/c/kernels.c"
#include <math.h>
#include <stdio.h>

#ifndef STEP
#define STEP 1
#endif

static double exact_gelu(double x) { return x < 0 ? 0.5 * x * erfc(-x * M_SQRT1_2) : 0.5 * x * (1 + erf(x * M_SQRT1_2)); }
static double turn_sine(double u) { return sin(2 * M_PI * u); }
static double turn_cosine(double u) { return cos(2 * M_PI * u); }
INLINE vf vsine(vf u) {
  vf s, c;
  vturn(u, &s, &c);
  return s;
}
INLINE vf vcosine(vf u) {
  vf s, c;
  vturn(u, &s, &c);
  return c;
}

struct worst {
  double ulps, ulps_at, absolute, absolute_at;
  uint64_t wrong;
};

static void compare(struct worst *w, float x, float found, double exact) {
  const float rounded = (float)exact;
  if (isnan(exact) || isinf(rounded) || isnan(found) || isinf(found)) {
    /* The last number before overflow may round either way. */
    const int near = isinf(rounded) != isinf(found) && fabs(exact) > 3.4028234e38 && fabs(exact) < 3.4028240e38;
    if (!(isnan(exact) && isnan(found)) && found != rounded && !near) w->wrong++;
    return;
  }
  int exponent;
  frexp(exact, &exponent);
  exponent -= 1;
  if (exponent < -126) exponent = -126;
  const double error = fabs((double)found - exact), ulps = ldexp(error, 23 - exponent);
  if (ulps > w->ulps) w->ulps = ulps, w->ulps_at = x;
  if (error > w->absolute) w->absolute = error, w->absolute_at = x;
}

#define SWEEP(name, kernel, exact, accept)                                                                             \
  do {                                                                                                                 \
    struct worst w = {0};                                                                                              \
    uint64_t n = 0;                                                                                                    \
    for (uint64_t b = 0; b < 1ull << 32; b += (uint64_t)W * STEP) {                                                    \
      float x[W], y[W];                                                                                                \
      for (int i = 0; i < W; i++) {                                                                                    \
        union {                                                                                                        \
          uint32_t bits;                                                                                               \
          float value;                                                                                                 \
        } u = {(uint32_t)(b + (uint64_t)i * STEP)};                                                                    \
        x[i] = u.value;                                                                                                \
      }                                                                                                                \
      store(y, kernel(load(x)));                                                                                       \
      for (int i = 0; i < W; i++)                                                                                      \
        if (accept(x[i])) compare(&w, x[i], y[i], exact((double)x[i])), n++;                                           \
    }                                                                                                                  \
    printf("{\"name\":\"" name "\",\"inputs\":%llu,\"ulps\":%.4f,\"ulpsAt\":%.9g,\"absolute\":%.4g,"                    \
           "\"absoluteAt\":%.9g,\"wrong\":%llu}\n",                                                                    \
           (unsigned long long)n, w.ulps, w.ulps_at, w.absolute, w.absolute_at, (unsigned long long)w.wrong);          \
    fflush(stdout);                                                                                                    \
  } while (0)

#define ALL(x) 1
/* A tiny u gives a sine of relative error set by 2 pi u itself; the kernel is for fractions of a turn. */
#define FRACTION(x) ((x) >= 0 && (x) <= 1 && ((x) == 0 || (x) >= 0x1p-33f))

int main(void) {
  SWEEP("exp", vexp, exp, ALL);
  SWEEP("log", vlog, log, ALL);
  SWEEP("erf", verf, erf, ALL);
  SWEEP("tanh", vtanh, tanh, ALL);
  SWEEP("gelu", vgelu, exact_gelu, isfinite);
  SWEEP("sine of a turn", vsine, turn_sine, FRACTION);
  SWEEP("cosine of a turn", vcosine, turn_cosine, FRACTION);
  return 0;
}
