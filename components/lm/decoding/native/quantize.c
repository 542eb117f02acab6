/* Activations rounded to int8 in groups, and to and from bf16. */
#include "kernels.h"
#include "vectors.h"

static const float ROUND = 12582912.0f; /* as in `exponential` */

INLINE floats load_up_to(const float *from, int64_t count) {
    if (count >= LANES) return load(from);
    float some[LANES] = {0};
    if (count > 0) memcpy(some, from, (size_t)count * sizeof *from);
    return load(some);
}

enum { PARTS = GROUP / LANES };

/* The largest size of a group's values, and the values. */
INLINE float take(const float *from, int64_t count, floats v[PARTS]) {
    floats most = {0};
    for (int i = 0; i < PARTS; i++) {
        v[i] = load_up_to(from + i * LANES, count - i * LANES);
        most = larger(absolute(v[i]), most);
    }
    return largest(most);
}

/* Values to the nearest of 255 steps; gives their sum. */
INLINE int32_t put(const floats v[PARTS], float factor, int8_t *to) {
    ints total = {0};
    for (int i = 0; i < PARTS; i++) {
        ints rounded = (ints)(v[i] * factor + ROUND) - 0x4b400000;
        bytes small = __builtin_convertvector(rounded, bytes);
        memcpy(to + i * LANES, &small, sizeof small);
        total += __builtin_convertvector(small, ints); /* bounded, whatever the values were */
    }
    return sum_ints(total);
}

void NAME(quantize)(const float *values, int64_t size, const struct quantized *to, int64_t row,
                    int64_t first, int64_t last) {
    int64_t groups = to->stride / GROUP;
    for (int64_t g = first; g < last; g++) {
        floats v[PARTS];
        float highest = take(values + g * GROUP, size - g * GROUP, v);
        float factor = highest > 0 ? 127.0f / highest : 0.0f;
        int32_t sum = put(v, factor, to->values + row * to->stride + g * GROUP);
        to->scales[row * groups + g] = highest / 127.0f;
        to->offsets[row * groups + g] = -128 * sum;
    }
}

void NAME(to_bf16)(const float *values, int64_t size, uint16_t *to) {
    for (int64_t i = 0; i < size; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        to[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    }
}

void NAME(from_bf16)(const uint16_t *values, int64_t size, float *to) {
    for (int64_t i = 0; i < size; i++) {
        uint32_t bits = (uint32_t)values[i] << 16;
        memcpy(to + i, &bits, sizeof bits);
    }
}
