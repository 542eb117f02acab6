"""The dtypes that a model writes in, and which of them may be used."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

FormatName: TypeAlias = Literal["fp32", "bf16", "int8"]
FORMATS: tuple[FormatName, ...] = ("fp32", "bf16", "int8")
MOST_LOSS = 0.01
"""A format that needs more bits per byte than fp32 by more than this share is never chosen."""


@dataclass(frozen=True)
class Format:
    """What the weights are kept in."""

    base: Literal["fp32", "bf16"] = "fp32"
    """Of weights, activations and the KV cache."""
    int8_rows: int = 0
    """Up to so many rows are computed with weights rounded to int8, a scale for each output."""

    def __str__(self) -> str:
        if self.int8_rows >= EVERY_ROW:
            return "int8"
        extra = f" + int8 up to {self.int8_rows} rows" if self.int8_rows else ""
        return self.base + extra


EVERY_ROW = 1 << 30
"""As `int8_rows`: only int8."""
INT8 = Format("bf16", EVERY_ROW)
"""What `int8` stands for."""


def allowed_formats(bits_per_byte: Mapping[str, float]) -> frozenset[FormatName]:
    """The formats whose measured bits per byte are at most 1% above those of fp32.

    `bits_per_byte` is what `format_bits_per_byte` gave. fp32 is always allowed; a format that was
    not measured is not.
    """
    exact = bits_per_byte.get("fp32")
    if not exact:
        return frozenset({"fp32"})
    near = (
        name
        for name in FORMATS
        if name in bits_per_byte and bits_per_byte[name] / exact - 1 <= MOST_LOSS
    )
    return frozenset({"fp32", *near})
