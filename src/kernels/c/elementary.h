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
  vf z = choose(x > 89.0f, splat(89.0f), x);
  z = choose(z < -104.0f, splat(-104.0f), z);
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

INLINE vf vlog(vf x) {
  vi tiny = x < 0x1p-126f;
  vi z = BITS(choose(tiny, x * 8388608.0f, x));
  vi shift = (z - 0x3f3504f3) & (int32_t)0xff800000;
  vi e = (shift >> 23) - (tiny & 23);
  vf f = (vf)(z - shift) - 1.0f;
  vf t = f * f;
  vf p = 0.06747688353061676f * f - 0.116774782538414f;
  p = p * f + 0.11888694763183594f;
  p = p * f - 0.1240534633398056f;
  p = p * f + 0.14219453930854797f;
  p = p * f - 0.16668005287647247f;
  p = p * f + 0.20002123713493347f;
  p = p * f - 0.25000008940696716f;
  p = p * f + 0.3333331346511841f;
  vf y = (f * t) * p;
  vf ef = __builtin_convertvector(e, vf);
  y = y + ef * LN2_LOW;
  y = y - 0.5f * t;
  vf result = (f + y) + ef * LN2_HIGH;
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
  vf a = choose(m > 4.0f, splat(4.0f), m);
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
  vf a = choose(m > 10.0f, splat(10.0f), m);
  vf l = 1.0f - 2.0f / (vexp(a + a) + 1.0f);
  return with_sign(choose(m > 0.625f, l, s), x);
}

INLINE vf vgelu(vf x) { return (0.5f * x) * (1.0f + verf(x * 0.7071067811865476f)); }

INLINE void vturn(vf u, vf *sine, vf *cosine) {
  vf shifted = u * 4.0f + MAGIC;
  vf q = shifted - MAGIC;
  vf r = u - q * 0.25f;
  vf t = r * r;
  vf p = 41.48757553100586f * t - 76.69837951660156f;
  p = p * t + 81.60520935058594f;
  p = p * t - 41.34170150756836f;
  p = p * t - 1.7484555e-7f;
  vf s = p * r + 6.283185307179586f * r;
  vf c = 59.24596405029297f * t - 85.44374084472656f;
  c = c * t + 64.93932342529297f;
  c = c * t - 19.739208221435547f;
  c = c * t + 1.0f;
  vi quarter = BITS(shifted);
  vi odd = -(quarter & 1);
  vi sine_sign = (quarter & 2) << 30;
  vi cosine_sign = ((quarter + 1) & 2) << 30;
  *sine = (vf)(BITS(choose(odd, c, s)) ^ sine_sign);
  *cosine = (vf)(BITS(choose(odd, s, c)) ^ cosine_sign);
}

#endif
