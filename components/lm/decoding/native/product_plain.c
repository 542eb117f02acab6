/* The product as it is defined: slow, and what the others are tested against. */
#include "kernels.h"

void NAME(product)(const struct matrix *matrix, const struct quantized *x, int64_t first,
                   int64_t last, int64_t panel, int64_t next, float *out, int64_t stride,
                   int64_t add) {
    (void)next;
    const uint8_t *weights = matrix->weights + panel * PANEL * matrix->inputs;
    int64_t groups = x->stride / GROUP;
    for (int64_t row = first; row < last; row++)
        for (int64_t o = 0; o < PANEL; o++) {
            float total = 0;
            for (int64_t g = 0; g < matrix->inputs / GROUP; g++) {
                int32_t sum = x->offsets[row * groups + g];
                for (int64_t k = g * GROUP; k < (g + 1) * GROUP; k++)
                    sum += weights[(k / 4 * PANEL + o) * 4 + k % 4] * x->values[row * x->stride + k];
                total += (float)sum * x->scales[row * groups + g];
            }
            int64_t output = panel * PANEL + o;
            float value = total * matrix->scales[output];
            if (matrix->bias) value += matrix->bias[output];
            float *to = out + row * stride + output;
            *to = add ? *to + value : value;
        }
}
