/* The two families' norms: Llama's by the root mean square, GPT-2's by mean and variance. */
#include <math.h>

#include "kernels.h"
#include "vectors.h"

INLINE float total(const float *values, int64_t size) {
    floats sums = {0};
    int64_t i = 0;
    for (; i + LANES <= size; i += LANES) sums += load(values + i);
    float rest = 0;
    for (; i < size; i++) rest += values[i];
    return sum(sums) + rest;
}

INLINE float squares(const float *values, int64_t size, float mean) {
    floats sums = {0};
    int64_t i = 0;
    for (; i + LANES <= size; i += LANES) {
        floats v = load(values + i) - mean;
        sums += v * v;
    }
    float rest = 0;
    for (; i < size; i++) rest += (values[i] - mean) * (values[i] - mean);
    return sum(sums) + rest;
}

void NAME(norm)(const float *values, int64_t size, const struct norm *norm, double eps, float *to) {
    float mean = norm->bias ? total(values, size) / (float)size : 0.0f;
    float factor = 1.0f / sqrtf(squares(values, size, mean) / (float)size + (float)eps);
    if (norm->bias)
        for (int64_t i = 0; i < size; i++)
            to[i] = (values[i] - mean) * factor * norm->weight[i] + norm->bias[i];
    else
        for (int64_t i = 0; i < size; i++) to[i] = values[i] * factor * norm->weight[i];
}
