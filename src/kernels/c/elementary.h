/* exp, log, erf, tanh, sine and cosine as reference/{exponential,logarithm,error-function,hyperbolic-tangent,turn}.ts
 * define them, operation by operation; the constants' meaning is told there. Both sides of a branch are computed. */
#ifndef OHMFLOW_ELEMENTARY_H
#define OHMFLOW_ELEMENTARY_H
#include "simd.h"

#define MAGIC 12582912.0f
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define BITS(x) ((vi)(x))

INLINE vf vexp(vf x) {
  vf z = at_least(at_most(x, splat(89.0f)), splat(-104.0f));
  vf shifted = z * 1.442695040888963f + MAGIC;
  vf n = shifted - MAGIC;
  vi k = BITS(shifted) - BITS(splat(MAGIC));
  vf r = (z - n * LN2_HIGH) - n * LN2_LOW;
  vf p = 0.001381446374580264f * r + 0.008368780836462975f;
  p = p * r + 0.04166839271783829f;
  p = p * r + 0.1666651964187622f;
  p = p * r + 0.4999999403953552f;
  vf e = (p * (r * r) + r) + 1.0f;
  vi half = k >> 1;
  vi rest = k - half;
  vf a = (vf)((half + 127) << 23);
  vf b = (vf)((rest + 127) << 23);
  return (e * a) * b;
}

/* n vectors at once, each operation for all of them before the next: n chains of operations run side by side. */
#define EACH UNROLL for (int i = 0; i < n; i++)
#define MOST_AT_ONCE 4

/* Of finite normal numbers above 0, given by their bits; `below` is taken from their exponents. */
INLINE void logarithms(const int n, const vi *z, const vi *below, vf *y) {
  vi shift[MOST_AT_ONCE];
  vf f[MOST_AT_ONCE], t[MOST_AT_ONCE], e[MOST_AT_ONCE];
  EACH shift[i] = (z[i] - 0x3f3504f3) & (int32_t)0xff800000;
  EACH f[i] = (vf)(z[i] - shift[i]) - 1.0f;
  EACH y[i] = 0.06747688353061676f * f[i] - 0.116774782538414f;
  EACH y[i] = y[i] * f[i] + 0.11888694763183594f;
  EACH y[i] = y[i] * f[i] - 0.1240534633398056f;
  EACH y[i] = y[i] * f[i] + 0.14219453930854797f;
  EACH y[i] = y[i] * f[i] - 0.16668005287647247f;
  EACH y[i] = y[i] * f[i] + 0.20002123713493347f;
  EACH y[i] = y[i] * f[i] - 0.25000008940696716f;
  EACH y[i] = y[i] * f[i] + 0.3333331346511841f;
  EACH t[i] = f[i] * f[i];
  EACH y[i] = (f[i] * t[i]) * y[i];
  EACH e[i] = __builtin_convertvector((shift[i] >> 23) - below[i], vf);
  EACH y[i] = y[i] + e[i] * LN2_LOW;
  EACH y[i] = y[i] - 0.5f * t[i];
  EACH y[i] = (f[i] + y[i]) + e[i] * LN2_HIGH;
}

INLINE vf vlog(vf x) {
  const vi tiny = x < 0x1p-126f, z = BITS(choose(tiny, x * 8388608.0f, x)), below = tiny & 23;
  vf result;
  logarithms(1, &z, &below, &result);
  result = choose(x == __builtin_inff(), x, result);
  result = choose(x == 0.0f, splat(-__builtin_inff()), result);
  return choose(x >= 0.0f, result, splat(__builtin_nanf("")));
}

INLINE vf verf(vf x) {
  vf m = absolute(x);
  vf t = m * m;
  vf s = 7.853860734030604e-5f * t - 0.0008010193123482168f;
  s = s * t + 0.005188327748328447f;
  s = s * t - 0.026853810995817184f;
  s = s * t + 0.1128358542919159f;
  s = s * t - 0.3761262595653534f;
  s = s * t + 0.12837916612625122f;
  s = s * m + m;
  vf a = at_most(m, splat(4.0f));
  vf l = -2.1686737454729155e-5f * a + 0.0004413349961396307f;
  l = l * a - 0.004204554483294487f;
  l = l * a + 0.025208236649632454f;
  l = l * a - 0.1084185391664505f;
  l = l * a - 0.6332198977470398f;
  l = l * a - 1.1295783519744873f;
  l = l * a + 0.00018803605053108186f;
  l = 1.0f - vexp(l);
  return with_sign(choose(m > 1.0f, l, s), x);
}

INLINE vf vtanh(vf x) {
  vf m = absolute(x);
  vf t = m * m;
  vf s = -0.0056607890874147415f * t + 0.02060200832784176f;
  s = s * t - 0.05372922867536545f;
  s = s * t + 0.13331328332424164f;
  s = s * t - 0.33333277702331543f;
  s = (s * t) * m + m;
  vf a = at_most(m, splat(10.0f));
  vf l = 1.0f - 2.0f / (vexp(a + a) + 1.0f);
  return with_sign(choose(m > 0.625f, l, s), x);
}

INLINE vf vgelu(vf x) { return (0.5f * x) * (1.0f + verf(x * 0.7071067811865476f)); }

/* Sines and cosines of n turns. */
INLINE void turns(const int n, const vf *u, vf *sine, vf *cosine) {
  vf shifted[MOST_AT_ONCE], r[MOST_AT_ONCE], t[MOST_AT_ONCE], s[MOST_AT_ONCE], c[MOST_AT_ONCE];
  EACH shifted[i] = u[i] * 4.0f + MAGIC;
  EACH r[i] = u[i] - (shifted[i] - MAGIC) * 0.25f;
  EACH t[i] = r[i] * r[i];
  EACH s[i] = 41.48757553100586f * t[i] - 76.69837951660156f;
  EACH c[i] = 59.24596405029297f * t[i] - 85.44374084472656f;
  EACH s[i] = s[i] * t[i] + 81.60520935058594f;
  EACH c[i] = c[i] * t[i] + 64.93932342529297f;
  EACH s[i] = s[i] * t[i] - 41.34170150756836f;
  EACH c[i] = c[i] * t[i] - 19.739208221435547f;
  EACH s[i] = s[i] * t[i] - 1.7484555e-7f;
  EACH c[i] = c[i] * t[i] + 1.0f;
  EACH s[i] = s[i] * r[i] + 6.283185307179586f * r[i];
  EACH {
    const vi quarter = BITS(shifted[i]), odd = -(quarter & 1);
    sine[i] = (vf)(BITS(choose(odd, c[i], s[i])) ^ (quarter & 2) << 30);
    cosine[i] = (vf)(BITS(choose(odd, s[i], c[i])) ^ ((quarter + 1) & 2) << 30);
  }
}

#endif
