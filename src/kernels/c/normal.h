/* Philox4x32-10 and standard normals (domain/random/philox.ts, reference/normal.ts): a lane is a counter. */
#ifndef OHMFLOW_NORMAL_H
#define OHMFLOW_NORMAL_H
#include "elementary.h"
#include "integer.h"

typedef uint64_t vl __attribute__((vector_size(WIDTH)));

#define PHILOX_M0 0xd2511f53u
#define PHILOX_M1 0xcd9e8d57u
#define PHILOX_W0 0x9e3779b9u
#define PHILOX_W1 0xbb67ae85u

INLINE vu splat_word(uint32_t x) { return x + (vu){}; }
INLINE vu lane_numbers(void) {
  vu x;
  UNROLL for (int l = 0; l < W; l++) x[l] = (uint32_t)l;
  return x;
}

INLINE vf vsqrt(vf x) {
#if WIDTH == 64 && defined(__AVX512F__)
  return (vf)_mm512_sqrt_ps((__m512)x);
#elif WIDTH == 32 && defined(__AVX2__)
  return (vf)_mm256_sqrt_ps((__m256)x);
#elif WIDTH == 16 && defined(__SSE2__)
  return (vf)_mm_sqrt_ps((__m128)x);
#elif WIDTH == 16 && defined(__wasm_simd128__)
  return (vf)wasm_f32x4_sqrt((v128_t)x);
#elif WIDTH == 16 && defined(__ARM_NEON) && defined(__aarch64__)
  return (vf)vsqrtq_f32((float32x4_t)x);
#else
  UNROLL for (int l = 0; l < W; l++) x[l] = __builtin_sqrtf(x[l]);
  return x;
#endif
}

#if defined(__SSE2__) && !defined(__wasm_simd128__)
/* The lower halves of 64-bit lanes, multiplied to 64 bits. Upper halves are ignored. */
INLINE vl multiply_long(vl a, vl b) {
#if WIDTH == 64
  return (vl)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif WIDTH == 32
  return (vl)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#else
  return (vl)_mm_mul_epu32((__m128i)a, (__m128i)b);
#endif
}

/* Of n sets of counters. Even ones in one set of 64-bit lanes, odd ones in another: what stands in the upper halves does
 * not matter. */
INLINE void philox_of(const int n, vu (*c)[4], uint32_t k0, uint32_t k1) {
  vl even[MOST_AT_ONCE][4], odd[MOST_AT_ONCE][4];
  EACH UNROLL for (int w = 0; w < 4; w++) {
    even[i][w] = (vl)c[i][w];
    odd[i][w] = (vl)c[i][w] >> 32;
  }
  const vl m0 = (vl){} + PHILOX_M0, m1 = (vl){} + PHILOX_M1;
  UNROLL for (int round = 0; round < 10; round++) {
    const vl key0 = (vl)splat_word(k0), key1 = (vl)splat_word(k1);
    EACH UNROLL for (int half = 0; half < 2; half++) {
      vl *x = half ? odd[i] : even[i];
      const vl a = multiply_long(x[0], m0), b = multiply_long(x[2], m1);
      x[0] = (b >> 32) ^ x[1] ^ key0;
      x[1] = b;
      x[2] = (a >> 32) ^ x[3] ^ key1;
      x[3] = a;
    }
    k0 += PHILOX_W0;
    k1 += PHILOX_W1;
  }
  EACH UNROLL for (int w = 0; w < 4; w++) c[i][w] = (vu)((even[i][w] & 0xffffffffu) | (odd[i][w] << 32));
}
#else
/* Upper and lower halves of a 64-bit product. */
INLINE void multiply_wide(vu a, uint32_t m, vu *high, vu *low) {
#if WIDTH == 16 && defined(__wasm_simd128__)
  const v128_t b = wasm_i32x4_splat((int32_t)m);
  const v128_t p = wasm_u64x2_extmul_low_u32x4((v128_t)a, b), q = wasm_u64x2_extmul_high_u32x4((v128_t)a, b);
  *low = (vu)wasm_i32x4_shuffle(p, q, 0, 2, 4, 6);
  *high = (vu)wasm_i32x4_shuffle(p, q, 1, 3, 5, 7);
#elif WIDTH == 16 && defined(__ARM_NEON) && defined(__aarch64__)
  const uint32x4_t x = (uint32x4_t)a;
  const uint32x4_t p = vreinterpretq_u32_u64(vmull_n_u32(vget_low_u32(x), m));
  const uint32x4_t q = vreinterpretq_u32_u64(vmull_high_n_u32(x, m));
  *low = (vu)vuzp1q_u32(p, q);
  *high = (vu)vuzp2q_u32(p, q);
#else
  UNROLL for (int l = 0; l < W; l++) {
    const uint64_t p = (uint64_t)a[l] * m;
    (*low)[l] = (uint32_t)p;
    (*high)[l] = (uint32_t)(p >> 32);
  }
#endif
}

INLINE void philox_of(const int n, vu (*c)[4], uint32_t k0, uint32_t k1) {
  UNROLL for (int round = 0; round < 10; round++) {
    EACH {
      vu high0 = {}, low0 = {}, high1 = {}, low1 = {};
      multiply_wide(c[i][0], PHILOX_M0, &high0, &low0);
      multiply_wide(c[i][2], PHILOX_M1, &high1, &low1);
      c[i][0] = high1 ^ c[i][1] ^ splat_word(k0);
      c[i][1] = low1;
      c[i][2] = high0 ^ c[i][3] ^ splat_word(k1);
      c[i][3] = low0;
    }
    k0 += PHILOX_W0;
    k1 += PHILOX_W1;
  }
}
#endif

/* Two normals from each pair of words. */
INLINE void box_muller(const int n, const vu *radial, const vu *angular, vf *a, vf *b) {
  vf radius[MOST_AT_ONCE], sine[MOST_AT_ONCE], cosine[MOST_AT_ONCE], u[MOST_AT_ONCE];
  vi bits[MOST_AT_ONCE], below[MOST_AT_ONCE] = {};
  EACH bits[i] = BITS((__builtin_convertvector((vi)(radial[i] >> 1), vf) + 0.5f) * 0x1p-31f);
  logarithms(n, bits, below, radius);
  EACH radius[i] = vsqrt(-2.0f * radius[i]);
  EACH u[i] = __builtin_convertvector((vi)angular[i], vf) * 0x1p-32f;
  turns(n, u, sine, cosine);
  EACH a[i] = radius[i] * cosine[i];
  EACH b[i] = radius[i] * sine[i];
}

/* The four normals of each lane's counter, of n vectors of counters (at most 2) that differ in word 0. */
INLINE void normals_of(const int n, const vu *c0, vu c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1, vf (*z)[4]) {
  vu c[MOST_AT_ONCE / 2][4], radial[MOST_AT_ONCE], angular[MOST_AT_ONCE];
  vf even[MOST_AT_ONCE], odd[MOST_AT_ONCE];
  EACH {
    c[i][0] = c0[i];
    c[i][1] = c1;
    c[i][2] = splat_word(c2);
    c[i][3] = splat_word(c3);
  }
  philox_of(n, c, k0, k1);
  UNROLL for (int i = 0; i < 2 * n; i++) {
    radial[i] = c[i / 2][i % 2 * 2];
    angular[i] = c[i / 2][i % 2 * 2 + 1];
  }
  box_muller(2 * n, radial, angular, even, odd);
  UNROLL for (int i = 0; i < 2 * n; i++) {
    z[i / 2][i % 2 * 2] = even[i];
    z[i / 2][i % 2 * 2 + 1] = odd[i];
  }
}

INLINE void normals(vu c0, vu c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1, vf z[4]) {
  normals_of(1, &c0, c1, c2, c3, k0, k1, (vf (*)[4])z);
}

/* Vectors of counters whose normals are made side by side. */
#if WIDTH <= 32
#define NORMALS_AT_ONCE 2
#else
#define NORMALS_AT_ONCE 1
#endif

#define NORMAL_GROUP 64

struct normals_arguments {
  uint32_t y, length, c0, c1, c2, c3, k0, k1;
};

KERNEL(normals) {
  float *y = F32(a->y);
  const size_t length = a->length;
  const vu lane = lane_numbers(), c1 = splat_word(a->c1);
  const uint32_t c2 = a->c2, c3 = a->c3, k0 = a->k0, k1 = a->k1;
  size_t from = 0;
  for (; from + NORMAL_GROUP <= length; from += NORMAL_GROUP)
    for (size_t v = 0; v < LANES; v += NORMALS_AT_ONCE * W) {
      vu c0[NORMALS_AT_ONCE];
      vf z[NORMALS_AT_ONCE][4];
      UNROLL for (size_t s = 0; s < NORMALS_AT_ONCE; s++) c0[s] = lane + (uint32_t)(a->c0 + from / 4 + v + s * W);
      normals_of(NORMALS_AT_ONCE, c0, c1, c2, c3, k0, k1, z);
      UNROLL for (size_t s = 0; s < NORMALS_AT_ONCE; s++)
        UNROLL for (size_t i = 0; i < 4; i++) store(y + from + i * LANES + v + s * W, z[s][i]);
    }
  if (from < length) {
    float tail[NORMAL_GROUP];
    for (size_t v = 0; v < LANES; v += W) {
      vf z[4];
      normals(lane + (uint32_t)(a->c0 + from / 4 + v), c1, c2, c3, k0, k1, z);
      UNROLL for (size_t i = 0; i < 4; i++) store(tail + i * LANES + v, z[i]);
    }
    for (size_t i = 0; from + i < length; i++) y[from + i] = tail[i];
  }
}

#endif
