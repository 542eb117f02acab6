/* Cross-entropy over a vocabulary, in place. */
#include <math.h>

#include "halves.h"
#include "native.h"

/* NaN where any is. */
static float highest(const uint16_t *logits, int64_t size) {
    int64_t i = 0, whole = size - size % LANES;
    floats most = every(-INFINITY), odd = {0};
    for (; i < whole; i += LANES) {
        floats v = load_bf16(logits + i);
        most = larger(v, most);
        odd += (floats)((ints)v & (v != v));
    }
    float found = largest(most), odder = sum(odd);
    for (; i < size; i++) {
        float v = float_of(logits[i]);
        found = larger_float(v, found);
        if (isnan(v)) odder = v;
    }
    return isnan(odder) ? NAN : found;
}

static float sum_of_exponentials(const uint16_t *logits, int64_t size, float most) {
    int64_t i = 0, whole = size - size % LANES;
    floats sums = {0};
    for (; i < whole; i += LANES) sums += exponential(load_bf16(logits + i) - most);
    float found = sum(sums);
    for (; i < size; i++) found += expf(float_of(logits[i]) - most);
    return found;
}

EXPORT void cross_entropy(uint16_t *logits, const int64_t *targets, int64_t rows, int64_t size,
                          float *losses) {
    int64_t whole = size - size % LANES;
    for (int64_t row = 0; row < rows; row++, logits += size) {
        float most = highest(logits, size);
        float logsum = most + logf(sum_of_exponentials(logits, size, most));
        float own = float_of(logits[targets[row]]) - logsum;
        int64_t i = 0;
        for (; i < whole; i += LANES)
            store_bf16(logits + i, exponential(load_bf16(logits + i) - logsum));
        for (; i < size; i++) logits[i] = half_of(expf(float_of(logits[i]) - logsum));
        logits[targets[row]] = half_of(expf(own) - 1.0f);
        losses[row] = -own;
    }
}
