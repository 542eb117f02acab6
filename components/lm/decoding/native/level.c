/* The kernels of the level that this file is compiled for, in one table. */
#include "kernels.h"

const struct kernels NAME(kernels) = {
    NAME(product), NAME(quantize), NAME(norm),      NAME(silu_gate), NAME(gelu),
    NAME(rotate),  NAME(to_bf16),  NAME(from_bf16), NAME(attend),    NAME(draw),
    NAME(shrink),  NAME(expand),
};
