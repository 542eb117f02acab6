/* Bytes of weights times bytes of activations, four at a time, by the level's own instruction. */
#pragma once
#include <string.h>

#include "vectors.h"

#if defined __AVX2__
#include <immintrin.h>
#endif

/* Four neighbours of a row of int8. */
INLINE int32_t four_of(const int8_t *values) {
    int32_t four;
    memcpy(&four, values, sizeof four);
    return four;
}

/* What sums of `dot` begin with; `offset` is -128 x the sum of the activations to come. */
INLINE ints begin(int32_t offset) {
#if defined __AVX2__ && !defined __AVX512VNNI__
    offset = 0; /* the 128 is taken back weight by weight */
#endif
    return (ints){0} + offset;
}

/* sums[lane] += w[lane][0..3] x four[0..3] for weights that are stored as w + 128. */
INLINE ints dot(ints sums, const uint8_t *weights, int32_t four) {
#if defined __AVX512VNNI__
    __m512i w = _mm512_loadu_si512(weights);
    return (ints)_mm512_dpbusd_epi32((__m512i)sums, w, _mm512_set1_epi32(four));
#elif defined __AVX2__
    __m256i w = _mm256_loadu_si256((const __m256i *)weights);
    w = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
    __m256i x = _mm256_sign_epi8(_mm256_set1_epi32(four), w);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), x); /* see product_avx2.c */
    return sums + (ints)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
#else
    int8_t x[4];
    memcpy(x, &four, sizeof x);
    for (int lane = 0; lane < LANES; lane++)
        for (int i = 0; i < 4; i++) sums[lane] += weights[4 * lane + i] * x[i];
    return sums;
#endif
}
