/* Numbers in bf16: a float's upper half, rounded to the nearest and, between two, to the even one. */
#pragma once
#include "vectors.h"

INLINE void store_bf16(uint16_t *to, floats v) {
    uints bits = (uints)v;
    halves half = __builtin_convertvector((bits + 0x7fff + ((bits >> 16) & 1)) >> 16, halves);
    memcpy(to, &half, sizeof half);
}

INLINE float float_of(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

INLINE uint16_t half_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
