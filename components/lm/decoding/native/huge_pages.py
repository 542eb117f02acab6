"""Memory in huge pages, for weights: every step reads them all from front to end.

With pages of 4 KiB a third of that time goes into finding where each page lies.
"""

import torch
from torch import Tensor

from components.lm.decoding.mapped import HUGE, mapped_in_huge_pages

AT_ONCE = 32 * HUGE
"""What nobody writes to takes no memory."""
ALIGNED = 64
"""Bytes of a line of the processor's caches."""


class HugePages:
    """Gives out memory piece by piece; a piece keeps all that it came with."""

    def __init__(self) -> None:
        """Nothing is taken from the system yet."""
        self._free = torch.empty(0, dtype=torch.uint8)

    def take(self, size: int) -> Tensor:
        """So many bytes, zero at first: uint8 [size]."""
        needed = -(-size // ALIGNED) * ALIGNED
        if needed > len(self._free):
            self._free = mapped_in_huge_pages(max(needed, AT_ONCE))
        taken, self._free = self._free[:size], self._free[needed:]
        return taken
