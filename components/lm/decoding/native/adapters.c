/* Low-rank adapters (Hu et al. 2021, arXiv:2106.09685): a matrix W becomes W + B A.
 *
 * A row meets A first, `shrink`, then B, `expand`. Both are int8 as W is, and so are what they meet:
 * the row as it was rounded for W, and what A made of it, in quartets. Both are read from front to
 * end, and what is read next is fetched meanwhile: of many adapters no row finds its own in the
 * cache. */
#include "dots.h"
#include "kernels.h"

enum { PARTS = RANKS / LANES, BLOCK = RANKS * 4, AHEAD = 64 * BLOCK };

/* Four values to the nearest of 255 steps. */
INLINE struct quartet rounded(const float *low) {
    const float round = 12582912.0f; /* as in `exponential` */
    float most = 0;
    for (int i = 0; i < 4; i++) most = larger_float(low[i] < 0 ? -low[i] : low[i], most);
    float factor = most > 0 ? 127.0f / most : 0.0f;
    struct quartet made = {.scale = most / 127.0f};
    for (int i = 0; i < 4; i++) {
        float shifted = low[i] * factor + round;
        int32_t bits;
        memcpy(&bits, &shifted, sizeof bits);
        made.values[i] = (int8_t)(bits - 0x4b400000);
        made.offset -= 128 * made.values[i];
    }
    return made;
}

void NAME(shrink)(const uint8_t *down, const float *scales, int64_t ranks, int64_t inputs,
                  const struct quantized *x, int64_t row, struct quartet *to) {
    int64_t groups = x->stride / GROUP;
    const int8_t *values = x->values + row * x->stride;
    for (int64_t k = 0; k < ranks; k += RANKS) {
        floats totals[PARTS] = {{0}};
        for (int64_t g = 0; g < inputs / GROUP; g++) {
            ints sums[PARTS];
            for (int p = 0; p < PARTS; p++) sums[p] = begin(x->offsets[row * groups + g]);
            for (int64_t i = g * GROUP; i < (g + 1) * GROUP; i += 4, down += BLOCK) {
                __builtin_prefetch(down + AHEAD, 0, 2);
                for (int p = 0; p < PARTS; p++)
                    sums[p] = dot(sums[p], down + p * LANES * 4, four_of(values + i));
            }
            for (int p = 0; p < PARTS; p++)
                totals[p] += __builtin_convertvector(sums[p], floats) * x->scales[row * groups + g];
        }
        float low[RANKS];
        for (int p = 0; p < PARTS; p++)
            store(low + p * LANES, totals[p] * load(scales + k + p * LANES));
        for (int i = 0; i < RANKS; i += 4) *to++ = rounded(low + i);
    }
}

INLINE void expand(const int rows, const uint8_t *up, int64_t quartets, const struct quartet *low,
                   int64_t low_stride, float *out, int64_t stride, int64_t away) {
    floats sums[TILE_ROWS][PANEL / LANES];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < PANEL / LANES; v++) sums[r][v] = load(out + r * stride + v * LANES);
    for (int64_t k = 0; k < quartets; k++, up += 4 * PANEL) {
        if (away) __builtin_prefetch(up + away, 0, 2), __builtin_prefetch(up + away + 64, 0, 2);
        for (int r = 0; r < rows; r++) {
            const struct quartet *own = low + r * low_stride + k;
            for (int v = 0; v < PANEL / LANES; v++) {
                ints part = dot(begin(own->offset), up + v * LANES * 4, four_of(own->values));
                sums[r][v] += __builtin_convertvector(part, floats) * own->scale;
            }
        }
    }
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < PANEL / LANES; v++) store(out + r * stride + v * LANES, sums[r][v]);
}

void NAME(expand)(const uint8_t *up, int64_t quartets, const struct quartet *low,
                  int64_t low_stride, int64_t rows, float *out, int64_t stride, int64_t away) {
    switch (rows) {
    case 1: expand(1, up, quartets, low, low_stride, out, stride, away); break;
    case 2: expand(2, up, quartets, low, low_stride, out, stride, away); break;
    case 3: expand(3, up, quartets, low, low_stride, out, stride, away); break;
    case 4: expand(4, up, quartets, low, low_stride, out, stride, away); break;
    }
}
