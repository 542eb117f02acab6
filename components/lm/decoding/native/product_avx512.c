/* The product with AVX-512 VNNI: each instruction multiplies 64 weights.
 *
 * A panel of weights passes through two registers at a time and meets up to TILE rows there. */
#include <immintrin.h>

#include "kernels.h"
#include "vectors.h"

enum { TILE = 4 };
enum { LEFT = 1, RIGHT = 2 }; /* which half of the next panel a tile fetches into the cache */

INLINE void tile(const int rows, const struct matrix *matrix, const struct quantized *x,
                 int64_t first, int64_t panel, int64_t away, int fetch, float *out, int64_t stride,
                 int64_t add) {
    const uint8_t *weights = matrix->weights + panel * PANEL * matrix->inputs;
    int64_t groups = x->stride / GROUP;
    const int8_t *values = x->values + first * x->stride;
    const float *scales = x->scales + first * groups;
    const int32_t *offsets = x->offsets + first * groups;
    __m512 totals[TILE][2];
    for (int r = 0; r < rows; r++) totals[r][0] = totals[r][1] = _mm512_setzero_ps();
    for (int64_t g = 0; g < matrix->inputs / GROUP; g++) {
        __m512i sums[TILE][2];
        for (int r = 0; r < rows; r++)
            sums[r][0] = sums[r][1] = _mm512_set1_epi32(offsets[r * groups + g]);
#pragma GCC unroll 4
        for (int64_t k = g * GROUP; k < (g + 1) * GROUP; k += 4, weights += 4 * PANEL) {
            if (fetch & LEFT) __builtin_prefetch(weights + away, 0, 2);
            if (fetch & RIGHT) __builtin_prefetch(weights + away + 64, 0, 2);
            __m512i left = _mm512_loadu_si512(weights), right = _mm512_loadu_si512(weights + 64);
            for (int r = 0; r < rows; r++) {
                int32_t four;
                memcpy(&four, values + r * x->stride + k, sizeof four);
                __m512i inputs = _mm512_set1_epi32(four);
                sums[r][0] = _mm512_dpbusd_epi32(sums[r][0], left, inputs);
                sums[r][1] = _mm512_dpbusd_epi32(sums[r][1], right, inputs);
            }
        }
        for (int r = 0; r < rows; r++) {
            __m512 scale = _mm512_set1_ps(scales[r * groups + g]);
            for (int h = 0; h < 2; h++)
                totals[r][h] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[r][h]), scale, totals[r][h]);
        }
    }
    for (int h = 0; h < 2; h++) {
        int64_t output = panel * PANEL + h * LANES;
        __m512 scale = _mm512_loadu_ps(matrix->scales + output);
        __m512 bias = matrix->bias ? _mm512_loadu_ps(matrix->bias + output) : _mm512_setzero_ps();
        for (int r = 0; r < rows; r++) {
            float *to = out + (first + r) * stride + output;
            __m512 value = _mm512_fmadd_ps(totals[r][h], scale, bias);
            _mm512_storeu_ps(to, add ? _mm512_add_ps(_mm512_loadu_ps(to), value) : value);
        }
    }
}

void NAME(product)(const struct matrix *matrix, const struct quantized *x, int64_t first,
                   int64_t last, int64_t panel, int64_t next, float *out, int64_t stride,
                   int64_t add) {
    int64_t away = (next - panel) * PANEL * matrix->inputs;
    int fetch = last - first > TILE ? LEFT : LEFT | RIGHT;
    for (; first + TILE <= last; first += TILE, fetch = fetch == LEFT ? RIGHT : 0)
        tile(TILE, matrix, x, first, panel, away, fetch, out, stride, add);
    switch (last - first) {
    case 1: tile(1, matrix, x, first, panel, away, fetch, out, stride, add); break;
    case 2: tile(2, matrix, x, first, panel, away, fetch, out, stride, add); break;
    case 3: tile(3, matrix, x, first, panel, away, fetch, out, stride, add); break;
    }
}
