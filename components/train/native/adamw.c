/* AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101) on fp32 masters of bf16 weights. */
#include <math.h>

#include "halves.h"
#include "native.h"

EXPORT double sum_of_squares(const uint16_t *values, int64_t size) {
    double total = 0;
    int64_t i = 0;
    while (i < size) { /* in pieces, so that fp32 sums stay exact enough */
        int64_t end = size - i > 4096 ? i + 4096 : size;
        floats sums = {0};
        for (; i + LANES <= end; i += LANES) {
            floats v = load_bf16(values + i);
            sums += v * v;
        }
        total += sum(sums);
        for (; i < end; i++) {
            float v = float_of(values[i]);
            total += v * v;
        }
    }
    return total;
}

EXPORT void adamw(const struct adamw *step, int64_t size, const uint16_t *restrict gradient,
                  float *restrict master, float *restrict mean, float *restrict square,
                  uint16_t *restrict weight) {
    const float beta1 = (float)step->beta1, beta2 = (float)step->beta2, eps = (float)step->eps;
    const float kept = (float)(1 - step->rate * step->decay), factor = (float)step->factor;
    const float pace = (float)(step->rate / step->correction1);
    const float root = (float)(1 / sqrt(step->correction2));
    for (int64_t i = 0; i < size; i++) {
        float g = float_of(gradient[i]) * factor;
        float m = mean[i] = beta1 * mean[i] + (1 - beta1) * g;
        float s = square[i] = beta2 * square[i] + (1 - beta2) * g * g;
        float moved = master[i] = kept * master[i] - pace * m / (sqrtf(s) * root + eps);
        weight[i] = half_of(moved);
    }
}
