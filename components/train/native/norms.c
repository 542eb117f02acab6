/* Llama's norm, by the root mean square (Zhang and Sennrich 2019, arXiv:1910.07467). */
#include <math.h>

#include "halves.h"
#include "native.h"

EXPORT void rms_norm(const uint16_t *x, const uint16_t *weight, int64_t rows, int64_t width,
                     double eps, uint16_t *y, float *factors) {
    for (int64_t row = 0; row < rows; row++, x += width, y += width) {
        floats squares = {0};
        for (int64_t i = 0; i < width; i += LANES) {
            floats v = load_bf16(x + i);
            squares += v * v;
        }
        float factor = 1.0f / sqrtf(sum(squares) / (float)width + (float)eps);
        for (int64_t i = 0; i < width; i += LANES)
            store_bf16(y + i, load_bf16(x + i) * factor * load_bf16(weight + i));
        factors[row] = factor;
    }
}

EXPORT void rms_norm_back(const uint16_t *x, const uint16_t *weight, const float *factors,
                          const uint16_t *of_y, int64_t rows, int64_t width, float *sums,
                          uint16_t *of_x, uint16_t *of_weight) {
    memset(sums, 0, (size_t)width * sizeof *sums);
    for (int64_t row = 0; row < rows; row++, x += width, of_y += width, of_x += width) {
        float factor = factors[row];
        floats products = {0};
        for (int64_t i = 0; i < width; i += LANES) {
            floats both = load_bf16(x + i) * load_bf16(of_y + i);
            products += both * load_bf16(weight + i);
            store(sums + i, load(sums + i) + both * factor);
        }
        float along = sum(products) * factor * factor / (float)width;
        for (int64_t i = 0; i < width; i += LANES) {
            floats straight = load_bf16(of_y + i) * load_bf16(weight + i);
            store_bf16(of_x + i, (straight - load_bf16(x + i) * along) * factor);
        }
    }
    for (int64_t i = 0; i < width; i += LANES) store_bf16(of_weight + i, load(sums + i));
}
