/* Sixteen floats at once, in the compiler's own vectors: one source for every instruction set. */
#pragma once
#include <stdint.h>
#include <string.h>

enum { LANES = 16 };

typedef float floats __attribute__((vector_size(64)));
typedef int32_t ints __attribute__((vector_size(64)));
typedef uint32_t uints __attribute__((vector_size(64)));
typedef uint16_t halves __attribute__((vector_size(32)));
typedef int8_t bytes __attribute__((vector_size(16)));

#define INLINE static inline __attribute__((always_inline))

INLINE floats load(const float *from) {
    floats v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void store(float *to, floats v) { memcpy(to, &v, sizeof v); }

INLINE floats load_bf16(const uint16_t *from) {
    halves half;
    memcpy(&half, from, sizeof half);
    return (floats)(__builtin_convertvector(half, uints) << 16);
}

INLINE floats every(float value) { return (floats){0} + value; }

INLINE floats larger(floats a, floats b) {
    ints first = a > b;
    return (floats)(((ints)a & first) | ((ints)b & ~first));
}

INLINE floats absolute(floats v) { return (floats)((ints)v & 0x7fffffff); }

/* The halves, then the quarters, of a vector: how sums go down to one number. */
typedef float eight_floats __attribute__((vector_size(32)));
typedef float four_floats __attribute__((vector_size(16)));
union split_floats { floats all; eight_floats half[2]; four_floats quarter[4]; };
typedef int32_t four_ints __attribute__((vector_size(16)));
union split_ints { ints all; four_ints quarter[4]; };

INLINE four_floats sum_of_quarters(floats v) {
    union split_floats parts = {v};
    union split_floats sums = {.half = {parts.half[0] + parts.half[1]}};
    return sums.quarter[0] + sums.quarter[1];
}

INLINE float sum(floats v) {
    four_floats four = sum_of_quarters(v);
    return (four[0] + four[2]) + (four[1] + four[3]);
}

INLINE int32_t sum_ints(ints v) {
    union split_ints parts = {v};
    four_ints four = (parts.quarter[0] + parts.quarter[1]) + (parts.quarter[2] + parts.quarter[3]);
    return four[0] + four[1] + four[2] + four[3];
}

INLINE float larger_float(float a, float b) { return a > b ? a : b; }

INLINE four_floats larger_of_four(four_floats a, four_floats b) {
    four_ints first = a > b;
    return (four_floats)(((four_ints)a & first) | ((four_ints)b & ~first));
}

INLINE float largest(floats v) {
    union split_floats parts = {v};
    four_floats four = larger_of_four(larger_of_four(parts.quarter[0], parts.quarter[1]),
                                      larger_of_four(parts.quarter[2], parts.quarter[3]));
    return larger_float(larger_float(four[0], four[1]), larger_float(four[2], four[3]));
}

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (ints){__VA_ARGS__})
#endif

/* Of each pair of lanes of `a` and of `b` the sum, in turns. */
INLINE floats sum_pairs(floats a, floats b) {
    floats low = SHUFFLE(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    floats high = SHUFFLE(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
    return low + high;
}

/* The sums of four vectors. */
INLINE four_floats four_sums(const floats v[4]) {
    floats a = sum_pairs(v[0], v[2]), b = sum_pairs(v[1], v[3]);
    return sum_of_quarters(sum_pairs(a, b));
}

/* e^v to a relative error of 2e-7 (Cephes' expf); 0 below e^-87. */
INLINE floats exponential(floats v) {
    const float round = 12582912.0f; /* 1.5 x 2^23: what is added to it is rounded to an integer */
    ints counts = v > -87.0f;
    v = larger(v, every(-87.0f));
    v = -larger(-v, every(-88.0f));
    floats shifted = v * 1.44269504f + round;
    floats n = shifted - round;
    floats r = v - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    floats p = every(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    ints power = ((ints)shifted - 0x4b400000 + 127) << 23;
    return (floats)((ints)(p * (floats)power) & counts);
}
