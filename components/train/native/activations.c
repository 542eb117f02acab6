/* What stands between the two products of the MLP. */
#include "halves.h"
#include "native.h"

INLINE floats sigmoid(floats v) { return 1.0f / (1.0f + exponential(-v)); }

EXPORT void swiglu(const uint16_t *gate, const uint16_t *up, int64_t size, uint16_t *y) {
    for (int64_t i = 0; i < size; i += LANES) {
        floats g = load_bf16(gate + i);
        store_bf16(y + i, g * sigmoid(g) * load_bf16(up + i));
    }
}

EXPORT void swiglu_back(const uint16_t *gate, const uint16_t *up, const uint16_t *of_y,
                        int64_t size, uint16_t *of_gate, uint16_t *of_up) {
    for (int64_t i = 0; i < size; i += LANES) {
        floats g = load_bf16(gate + i), s = sigmoid(g), outer = load_bf16(of_y + i);
        store_bf16(of_gate + i, outer * load_bf16(up + i) * s * (1.0f + g * (1.0f - s)));
        store_bf16(of_up + i, outer * g * s);
    }
}

/* 0.5 v (1 + tanh(u)) = v sigmoid(2u), with u = sqrt(2 / pi) (v + 0.044715 v^3). */
static const float TWICE = 1.5957691216f, CUBED = 0.044715f;

EXPORT void gelu(const uint16_t *x, int64_t size, uint16_t *y) {
    for (int64_t i = 0; i < size; i += LANES) {
        floats v = load_bf16(x + i);
        store_bf16(y + i, v * sigmoid(TWICE * (v + CUBED * v * v * v)));
    }
}

EXPORT void gelu_back(const uint16_t *x, const uint16_t *of_y, int64_t size, uint16_t *of_x) {
    for (int64_t i = 0; i < size; i += LANES) {
        floats v = load_bf16(x + i), s = sigmoid(TWICE * (v + CUBED * v * v * v));
        floats slope = TWICE * (1.0f + 3.0f * CUBED * v * v);
        store_bf16(of_x + i, load_bf16(of_y + i) * (s + v * s * (1.0f - s) * slope));
    }
}
