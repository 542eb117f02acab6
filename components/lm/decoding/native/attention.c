/* Attention of the queries of one token that share keys and values. */
#include <math.h>

#include "kernels.h"
#include "vectors.h"

enum { BLOCK = 4 }; /* keys whose scores are made at once; vectors of a value that are summed at once */

/* The scores of up to four queries over `keys_at_once` keys; those of a query are `stride` long. */
INLINE void score(const int queries_at_once, const int keys_at_once, const float *queries,
                  const uint16_t *keys, int64_t head_dim, float factor, float *scores,
                  int64_t stride) {
    floats sums[4][BLOCK] = {{{0}}};
    for (int64_t d = 0; d < head_dim; d += LANES)
        for (int k = 0; k < keys_at_once; k++) {
            floats key = load_bf16(keys + k * head_dim + d);
            for (int q = 0; q < queries_at_once; q++)
                sums[q][k] += load(queries + q * head_dim + d) * key;
        }
    for (int q = 0; q < queries_at_once; q++) {
        four_floats four = four_sums(sums[q]) * factor;
        memcpy(scores + q * stride, &four, (size_t)keys_at_once * sizeof(float));
    }
}

/* Scores to weights whose sum is 1; `scores` has room for whole vectors. */
static void softmax(float *scores, int64_t length) {
    int64_t end = rounded_up(length, LANES), p;
    for (p = length; p < end; p++) scores[p] = -INFINITY;
    floats most = load(scores), sums = {0};
    for (p = LANES; p < end; p += LANES) most = larger(load(scores + p), most);
    float highest = largest(most);
    for (p = 0; p < end; p += LANES) {
        floats weights = exponential(load(scores + p) - highest);
        store(scores + p, weights);
        sums += weights;
    }
    floats factor = every(1.0f / sum(sums));
    for (p = 0; p < end; p += LANES) store(scores + p, load(scores + p) * factor);
}

/* The weighted values of up to four queries, `vectors` of each head at a time. */
INLINE void gather(const int queries_at_once, const int vectors, const float *weights,
                   const uint16_t *values, int64_t length, int64_t head_dim, int64_t stride,
                   float *out) {
    floats sums[4][BLOCK] = {{{0}}};
    for (int64_t p = 0; p < length; p++, values += head_dim)
        for (int v = 0; v < vectors; v++) {
            floats value = load_bf16(values + v * LANES);
            for (int q = 0; q < queries_at_once; q++) sums[q][v] += weights[q * stride + p] * value;
        }
    for (int q = 0; q < queries_at_once; q++)
        for (int v = 0; v < vectors; v++) store(out + q * head_dim + v * LANES, sums[q][v]);
}

INLINE void several(const int queries_at_once, const float *queries, const uint16_t *keys,
                    const uint16_t *values, int64_t length, int64_t head_dim, float *scores,
                    float *out) {
    float factor = 1.0f / sqrtf((float)head_dim);
    int64_t stride = rounded_up(length, LANES), p = 0, d = 0;
    for (; p + BLOCK <= length; p += BLOCK)
        score(queries_at_once, BLOCK, queries, keys + p * head_dim, head_dim, factor, scores + p,
              stride);
    for (; p < length; p++)
        score(queries_at_once, 1, queries, keys + p * head_dim, head_dim, factor, scores + p,
              stride);
    for (int q = 0; q < queries_at_once; q++) softmax(scores + q * stride, length);
    for (; d + BLOCK * LANES <= head_dim; d += BLOCK * LANES)
        gather(queries_at_once, BLOCK, scores, values + d, length, head_dim, stride, out + d);
    for (; d < head_dim; d += LANES)
        gather(queries_at_once, 1, scores, values + d, length, head_dim, stride, out + d);
}

/* One query of any head_dim. */
static void any(const float *query, const uint16_t *keys, const uint16_t *values, int64_t length,
                int64_t head_dim, float *scores, float *out) {
    for (int64_t p = 0; p < length; p++) {
        float product = 0, key;
        for (int64_t d = 0; d < head_dim; d++) {
            NAME(from_bf16)(keys + p * head_dim + d, 1, &key);
            product += query[d] * key;
        }
        scores[p] = product / sqrtf((float)head_dim);
    }
    softmax(scores, length);
    memset(out, 0, (size_t)head_dim * sizeof *out);
    for (int64_t p = 0; p < length; p++)
        for (int64_t d = 0; d < head_dim; d++) {
            float value;
            NAME(from_bf16)(values + p * head_dim + d, 1, &value);
            out[d] += scores[p] * value;
        }
}

void NAME(attend)(const float *queries, const uint16_t *keys, const uint16_t *values,
                  int64_t length, int64_t shared, int64_t head_dim, float *scores, float *out) {
    int64_t q = 0;
    if (head_dim % LANES == 0)
        while (q < shared) {
            const float *from = queries + q * head_dim;
            float *to = out + q * head_dim;
            switch (shared - q) {
            case 1: several(1, from, keys, values, length, head_dim, scores, to); q += 1; break;
            case 2: several(2, from, keys, values, length, head_dim, scores, to); q += 2; break;
            case 3: several(3, from, keys, values, length, head_dim, scores, to); q += 3; break;
            default: several(4, from, keys, values, length, head_dim, scores, to); q += 4;
            }
        }
    for (; q < shared; q++)
        any(queries + q * head_dim, keys, values, length, head_dim, scores, out + q * head_dim);
}
