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

/* Even counters in one set of 64-bit lanes, odd ones in another: what stands in the upper halves does not matter. */
INLINE void philox(vu c[4], uint32_t k0, uint32_t k1) {
  vl x[2][4];
  UNROLL for (int i = 0; i < 4; i++) {
    x[0][i] = (vl)c[i];
    x[1][i] = (vl)c[i] >> 32;
  }
  const vl m0 = (vl){} + PHILOX_M0, m1 = (vl){} + PHILOX_M1;
  UNROLL for (int round = 0; round < 10; round++) {
    UNROLL for (int h = 0; h < 2; h++) {
      const vl a = multiply_long(x[h][0], m0), b = multiply_long(x[h][2], m1);
      x[h][0] = (b >> 32) ^ x[h][1] ^ (vl)splat_word(k0);
      x[h][1] = b;
      x[h][2] = (a >> 32) ^ x[h][3] ^ (vl)splat_word(k1);
      x[h][3] = a;
    }
    k0 += PHILOX_W0;
    k1 += PHILOX_W1;
  }
  UNROLL for (int i = 0; i < 4; i++) c[i] = (vu)((x[0][i] & 0xffffffffu) | (x[1][i] << 32));
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

INLINE void philox(vu c[4], uint32_t k0, uint32_t k1) {
  UNROLL for (int round = 0; round < 10; round++) {
    vu high0 = {}, low0 = {}, high1 = {}, low1 = {};
    multiply_wide(c[0], PHILOX_M0, &high0, &low0);
    multiply_wide(c[2], PHILOX_M1, &high1, &low1);
    c[0] = high1 ^ c[1] ^ splat_word(k0);
    c[1] = low1;
    c[2] = high0 ^ c[3] ^ splat_word(k1);
    c[3] = low0;
    k0 += PHILOX_W0;
    k1 += PHILOX_W1;
  }
}
#endif

/* Two normals from two words. */
INLINE void box_muller(vu radial, vu angular, vf *a, vf *b) {
  const vf u = (__builtin_convertvector((vi)(radial >> 1), vf) + 0.5f) * 0x1p-31f;
  const vf radius = vsqrt(-2.0f * vlog(u));
  vf sine, cosine;
  vturn(__builtin_convertvector((vi)angular, vf) * 0x1p-32f, &sine, &cosine);
  *a = radius * cosine;
  *b = radius * sine;
}

/* The four normals of each lane's counter. */
INLINE void normals(vu c0, vu c1, uint32_t c2, uint32_t c3, uint32_t k0, uint32_t k1, vf z[4]) {
  vu c[4] = {c0, c1, splat_word(c2), splat_word(c3)};
  philox(c, k0, k1);
  box_muller(c[0], c[1], z, z + 1);
  box_muller(c[2], c[3], z + 2, z + 3);
}

#define NORMAL_GROUP 64

struct normals_arguments {
  uint32_t y, length, c0, c1, c2, c3, k0, k1;
};

KERNEL(normals) {
  float *y = F32(a->y);
  const size_t length = a->length;
  const vu lane = lane_numbers(), c1 = splat_word(a->c1);
  size_t from = 0;
  for (; from + NORMAL_GROUP <= length; from += NORMAL_GROUP)
    for (size_t v = 0; v < LANES; v += W) {
      vf z[4];
      normals(lane + (uint32_t)(a->c0 + from / 4 + v), c1, a->c2, a->c3, a->k0, a->k1, z);
      UNROLL for (size_t i = 0; i < 4; i++) store(y + from + i * LANES + v, z[i]);
    }
  if (from < length) {
    float tail[NORMAL_GROUP];
    for (size_t v = 0; v < LANES; v += W) {
      vf z[4];
      normals(lane + (uint32_t)(a->c0 + from / 4 + v), c1, a->c2, a->c3, a->k0, a->k1, z);
      UNROLL for (size_t i = 0; i < 4; i++) store(tail + i * LANES + v, z[i]);
    }
    for (size_t i = 0; from + i < length; i++) y[from + i] = tail[i];
  }
}

#endif
