/* The levels, and which of them can run here. */
#include "cpu.h"
#include "native.h"

const struct kernels *const kernels_of[LEVELS] = {&kernels_plain, &kernels_avx2, &kernels_avx512};

EXPORT int64_t native_level(void) { return cpu_level(); }

EXPORT const struct kernels *native_kernels(int64_t level) { return kernels_of[level]; }
