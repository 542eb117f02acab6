"""What every decoder must do, beside transformers."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from components.lm.decoding.protocol import Chunk, Decoder

FIRST, SECOND, THIRD = [1, 5, 9, 200, 31], [1, 70], [1, 8, 8, 300, 17, 90, 44, 2]


def truth(folder: Path, ids: list[int]) -> Tensor:
    """The logits after each of `ids`, as transformers computes them."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    with torch.inference_mode():
        logits: Tensor = model(torch.tensor([ids])).logits[0]
    return logits


def check_rows_move_and_share_a_prompt(decoder: Decoder, folder: Path, error: float) -> None:
    """What was read of one prompt is put into other rows, and all of them go on."""
    decoder.resize(2, 8)
    decoder.step([], [], [Chunk(0, SECOND), Chunk(0, FIRST)])
    saved = decoder.save(1, len(FIRST))
    decoder.resize(4, 16)
    decoder.load(2, 4, saved)
    decoder.move(1, 0, len(FIRST))
    decoder.load(1, 2, saved)
    for logits, token in zip(decoder.step([9, 8, 7, 6], [5] * 4), (9, 8, 7, 6), strict=True):
        assert torch.allclose(logits, truth(folder, [*FIRST, token])[-1], atol=error)


def check_rows_of_their_own_length(decoder: Decoder, folder: Path, error: float) -> None:
    """Two prompts are read, then written on while a third is read in two pieces."""
    decoder.resize(4, 16)
    begun = decoder.step([], [], [Chunk(0, FIRST, all_logits=True), Chunk(0, SECOND)])
    assert torch.allclose(begun[:-1], truth(folder, FIRST), atol=error)
    assert torch.allclose(begun[-1], truth(folder, SECOND)[-1], atol=error)
    joined = decoder.step([40, 41], [5, 2], [Chunk(0, THIRD[:3])])
    assert torch.allclose(joined[0], truth(folder, [*FIRST, 40])[-1], atol=error)
    assert torch.allclose(joined[1], truth(folder, [*SECOND, 41])[-1], atol=error)
    again = decoder.step([50, 51], [6, 3], [Chunk(3, THIRD[3:], all_logits=True)])
    assert torch.allclose(again[0], truth(folder, [*FIRST, 40, 50])[-1], atol=error)
    assert torch.allclose(again[1], truth(folder, [*SECOND, 41, 51])[-1], atol=error)
    assert torch.allclose(again[2:], truth(folder, THIRD)[3:], atol=error)
