/* The product with AVX2, whose instruction for bytes adds pairs of products in 16 bits: |w| times a
 * with the sign of w is at most 2 x 127 x 127 there, so that no sum saturates.
 *
 * Sixteen outputs of a panel meet up to TILE rows at a time. */
#include <immintrin.h>

#include "kernels.h"
#include "vectors.h"

enum { TILE = 4, WIDTH = 16 };

/* Fetch what lies `away` bytes from these weights, unless it is 0, into the cache. */
INLINE void tile(const int rows, const struct matrix *matrix, const struct quantized *x,
                 int64_t first, int64_t output, int64_t away, float *out, int64_t stride,
                 int64_t add) {
    const uint8_t *weights = matrix->weights + output / PANEL * PANEL * matrix->inputs
                             + output % PANEL * 4;
    int64_t groups = x->stride / GROUP;
    const int8_t *values = x->values + first * x->stride;
    const float *scales = x->scales + first * groups;
    const __m256i ones = _mm256_set1_epi16(1), offset = _mm256_set1_epi8(-128);
    __m256 totals[TILE][2];
    for (int r = 0; r < rows; r++) totals[r][0] = totals[r][1] = _mm256_setzero_ps();
    for (int64_t g = 0; g < matrix->inputs / GROUP; g++) {
        __m256i sums[TILE][2];
        for (int r = 0; r < rows; r++) sums[r][0] = sums[r][1] = _mm256_setzero_si256();
        for (int64_t k = g * GROUP; k < (g + 1) * GROUP; k += 4, weights += 4 * PANEL) {
            if (away) __builtin_prefetch(weights + away, 0, 2);
            for (int h = 0; h < 2; h++) {
                __m256i w = _mm256_loadu_si256((const __m256i *)(weights + h * 32));
                w = _mm256_xor_si256(w, offset); /* w + 128 as w */
                __m256i size = _mm256_abs_epi8(w);
                for (int r = 0; r < rows; r++) {
                    int32_t four;
                    memcpy(&four, values + r * x->stride + k, sizeof four);
                    __m256i inputs = _mm256_sign_epi8(_mm256_set1_epi32(four), w);
                    __m256i pairs = _mm256_maddubs_epi16(size, inputs);
                    sums[r][h] = _mm256_add_epi32(sums[r][h], _mm256_madd_epi16(pairs, ones));
                }
            }
        }
        for (int r = 0; r < rows; r++) {
            __m256 scale = _mm256_set1_ps(scales[r * groups + g]);
            for (int h = 0; h < 2; h++)
                totals[r][h] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[r][h]), scale, totals[r][h]);
        }
    }
    for (int h = 0; h < 2; h++) {
        int64_t at = output + h * 8;
        __m256 scale = _mm256_loadu_ps(matrix->scales + at);
        __m256 bias = matrix->bias ? _mm256_loadu_ps(matrix->bias + at) : _mm256_setzero_ps();
        for (int r = 0; r < rows; r++) {
            float *to = out + (first + r) * stride + at;
            __m256 value = _mm256_fmadd_ps(totals[r][h], scale, bias);
            _mm256_storeu_ps(to, add ? _mm256_add_ps(_mm256_loadu_ps(to), value) : value);
        }
    }
}

void NAME(product)(const struct matrix *matrix, const struct quantized *x, int64_t first,
                   int64_t last, int64_t panel, int64_t next, float *out, int64_t stride,
                   int64_t add) {
    int64_t away = (next - panel) * PANEL * matrix->inputs;
    for (int64_t output = panel * PANEL; output < (panel + 1) * PANEL; output += WIDTH) {
        int64_t row = first, ahead = away; /* the first tile fetches for all */
        for (; row + TILE <= last; row += TILE, ahead = 0)
            tile(TILE, matrix, x, row, output, ahead, out, stride, add);
        switch (last - row) {
        case 1: tile(1, matrix, x, row, output, ahead, out, stride, add); break;
        case 2: tile(2, matrix, x, row, output, ahead, out, stride, add); break;
        case 3: tile(3, matrix, x, row, output, ahead, out, stride, add); break;
        }
    }
}
