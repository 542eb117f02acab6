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

static void one_group(const float *from, int64_t count, int8_t *to, float *scale, int32_t *offset) {
    floats v[GROUP / LANES], most = {0};
    for (int i = 0; i < GROUP / LANES; i++) {
        v[i] = load_up_to(from + i * LANES, count - i * LANES);
        most = larger(absolute(v[i]), most);
    }
    float highest = largest(most);
    float factor = highest > 0 ? 127.0f / highest : 0.0f;
    ints total = {0};
    for (int i = 0; i < GROUP / LANES; i++) {
        ints rounded = (ints)(v[i] * factor + ROUND) - 0x4b400000;
        bytes small = __builtin_convertvector(rounded, bytes);
        memcpy(to + i * LANES, &small, sizeof small);
        total += __builtin_convertvector(small, ints);
    }
    *scale = highest / 127.0f;
    *offset = -128 * sum_ints(total);
}

void NAME(quantize)(const float *values, int64_t size, const struct quantized *to, int64_t row,
                    int64_t first, int64_t last) {
    int64_t groups = to->stride / GROUP;
    for (int64_t g = first; g < last; g++)
        one_group(values + g * GROUP, size - g * GROUP, to->values + row * to->stride + g * GROUP,
                  to->scales + row * groups + g, to->offsets + row * groups + g);
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
