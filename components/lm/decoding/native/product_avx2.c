/* The product with AVX2: weights and activations are widened to 16 bits, so that no sum saturates.
 *
 * Sixteen outputs of a panel meet up to TILE rows at a time. */
#include <immintrin.h>

#include "kernels.h"
#include "vectors.h"

enum { TILE = 2, WIDTH = 16 };

/* Pairs of sums, four outputs each, to the sums of eight outputs. */
INLINE __m256i joined(__m256i low, __m256i high) {
    return _mm256_permute4x64_epi64(_mm256_hadd_epi32(low, high), 0xd8);
}

INLINE void tile(const int rows, const struct matrix *matrix, const struct quantized *x,
                 int64_t first, int64_t output, int64_t away, float *out, int64_t stride,
                 int64_t add) {
    const uint8_t *weights = matrix->weights + output / PANEL * PANEL * matrix->inputs
                             + output % PANEL * 4;
    int64_t groups = x->stride / GROUP;
    const int8_t *values = x->values + first * x->stride;
    __m256 totals[TILE][2];
    for (int r = 0; r < rows; r++) totals[r][0] = totals[r][1] = _mm256_setzero_ps();
    for (int64_t g = 0; g < matrix->inputs / GROUP; g++) {
        __m256i sums[TILE][4];
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < 4; i++) sums[r][i] = _mm256_setzero_si256();
        for (int64_t k = g * GROUP; k < (g + 1) * GROUP; k += 4, weights += 4 * PANEL) {
            if (away) __builtin_prefetch(weights + away, 0, 2);
            __m256i inputs[TILE];
            for (int r = 0; r < rows; r++) {
                int32_t four;
                memcpy(&four, values + r * x->stride + k, sizeof four);
                inputs[r] = _mm256_cvtepi8_epi16(_mm_set1_epi32(four));
            }
            for (int i = 0; i < 4; i++) {
                __m256i wide = _mm256_cvtepu8_epi16(
                    _mm_loadu_si128((const __m128i *)(weights + i * 16)));
                for (int r = 0; r < rows; r++)
                    sums[r][i] = _mm256_add_epi32(sums[r][i], _mm256_madd_epi16(wide, inputs[r]));
            }
        }
        for (int r = 0; r < rows; r++) {
            int64_t at = (first + r) * groups + g;
            __m256i offset = _mm256_set1_epi32(x->offsets[at]);
            __m256 scale = _mm256_set1_ps(x->scales[at]);
            for (int h = 0; h < 2; h++) {
                __m256i sum = _mm256_add_epi32(joined(sums[r][2 * h], sums[r][2 * h + 1]), offset);
                totals[r][h] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scale, totals[r][h]);
            }
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
        int64_t row = first;
        for (; row + TILE <= last; row += TILE)
            tile(TILE, matrix, x, row, output, row == first ? away : 0, out, stride, add);
        if (row < last) tile(1, matrix, x, row, output, row == first ? away : 0, out, stride, add);
    }
}
