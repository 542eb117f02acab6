"""How attention is computed while training: what suits rows as short as posts."""

from typing import Any

import torch

from components.train.data import Posts

SHORT = 512
"""Tokens of a row up to which the scores of all pairs are small beside the rest of a step."""


def suit_attention(model: Any, dtype: torch.dtype, *splits: Posts) -> None:
    """Have `model` compute attention by plain matrix products where all posts are short.

    On a processor torch's fused attention goes through its backward pass block by block, with a
    matrix product in bf16 for each, which for rows of 10 to 60 tokens costs five to nine times as
    much as the plain way.
    """
    longest = max(len(ids) for posts in splits for ids in posts.ids)
    if model.device.type == "cpu" and dtype == torch.bfloat16 and longest <= SHORT:
        model.set_attn_implementation("eager")
