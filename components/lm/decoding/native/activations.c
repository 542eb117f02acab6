/* What stands between the two products of the MLP, and the rotary embedding. */
#include "kernels.h"
#include "vectors.h"

INLINE floats silu(floats v) { return v / (1.0f + exponential(-v)); }

/* 0.5 v (1 + tanh(sqrt(2 / pi) (v + 0.044715 v^3))), with tanh(u) = 1 - 2 / (e^2u + 1). */
INLINE floats gelu(floats v) {
    floats twice = 1.5957691216f * (v + 0.044715f * v * v * v);
    return v - v / (1.0f + exponential(twice));
}

/* Both are called with buffers that are padded to whole vectors. */
void NAME(silu_gate)(const float *gate, const float *up, int64_t size, float *to) {
    for (int64_t i = 0; i < size; i += LANES) store(to + i, silu(load(gate + i)) * load(up + i));
}

void NAME(gelu)(const float *values, int64_t size, float *to) {
    for (int64_t i = 0; i < size; i += LANES) store(to + i, gelu(load(values + i)));
}

/* Su et al. 2021 (arXiv:2104.09864), halves turned as in Llama. */
void NAME(rotate)(float *head, int64_t half, const float *cosines, const float *sines) {
    float *restrict first = head, *restrict second = head + half;
    for (int64_t i = 0; i < half; i++) {
        float a = first[i], b = second[i];
        first[i] = a * cosines[i] - b * sines[i];
        second[i] = b * cosines[i] + a * sines[i];
    }
}
