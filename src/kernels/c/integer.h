/* Pairs of 16-bit integers: dot products into 32 bits, wrapping. Exact, so every instruction set gives the same bits. */
#ifndef OHMFLOW_INTEGER_H
#define OHMFLOW_INTEGER_H
#include "simd.h"

typedef int32_t vi_loose __attribute__((vector_size(WIDTH), aligned(4), may_alias));

INLINE vi load_integers(const int32_t *p) { return *(const vi_loose *)p; }
INLINE void store_integers(int32_t *p, vi x) { *(vi_loose *)p = x; }
INLINE vi splat_integer(int32_t x) { return x + (vi){}; }

/* sum + low(a) low(b) + high(a) high(b) in each 32-bit lane, low and high its signed 16-bit halves. */
INLINE vi dot_pairs(vi sum, vi a, vi b) {
#if WIDTH == 64 && defined(__AVX512VNNI__)
  return (vi)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
#elif WIDTH == 64 && defined(__AVX512BW__)
  return sum + (vi)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif WIDTH == 32 && defined(__AVX2__)
  return sum + (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif WIDTH == 16 && defined(__SSE2__)
  return sum + (vi)_mm_madd_epi16((__m128i)a, (__m128i)b);
#elif WIDTH == 16 && defined(__wasm_simd128__)
  return sum + (vi)wasm_i32x4_dot_i16x8((v128_t)a, (v128_t)b);
#elif WIDTH == 16 && defined(__ARM_NEON) && defined(__aarch64__)
  const int16x8_t x = vreinterpretq_s16_s32((int32x4_t)a), y = vreinterpretq_s16_s32((int32x4_t)b);
  return sum + (vi)vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y));
#else
  return sum + ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
#endif
}

/* 2 W bytes as pairs of 16-bit integers. */
INLINE vi load_bytes(const uint8_t *p) {
#if WIDTH == 64 && defined(__AVX512BW__)
  return (vi)_mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i *)p));
#elif WIDTH == 32 && defined(__AVX2__)
  return (vi)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
#elif WIDTH == 16 && defined(__SSE2__)
  return (vi)_mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)p), _mm_setzero_si128());
#elif WIDTH == 16 && defined(__wasm_simd128__)
  return (vi)wasm_u16x8_load8x8(p);
#else
  vi x;
  UNROLL for (int l = 0; l < W; l++) x[l] = p[2 * l] | p[2 * l + 1] << 16;
  return x;
#endif
}

typedef int16_t vs __attribute__((vector_size(WIDTH / 2)));
typedef int16_t vs_loose __attribute__((vector_size(WIDTH / 2), aligned(2), may_alias));

/* The lower 16 bits of the first n lanes. */
INLINE void store_short(int16_t *p, vi x, size_t n) {
  const vs s = __builtin_convertvector(x, vs);
  if (n >= W) *(vs_loose *)p = s;
  else
    for (size_t i = 0; i < n; i++) p[i] = s[i];
}

#endif
