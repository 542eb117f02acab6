"""The shape of a model, read from config.json; None for what our own decoder does not know."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from components.contracts.errors import BadInputError

TANH_GELU = frozenset({"gelu_new", "gelu_pytorch_tanh"})
GPT2_PLAIN: dict[str, Any] = {
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "add_cross_attention": False,
}
"""Switches of transformers' GPT2Config that the decoder knows in their default position only."""


@dataclass(frozen=True)
class Shape:
    """What a decoder of the GPT-2 or the Llama family looks like."""

    family: Literal["gpt2", "llama"]
    vocabulary: int
    hidden_size: int
    layers: int
    heads: int
    kv_heads: int
    """Heads of keys and values; each serves heads / kv_heads heads."""
    head_dim: int
    max_positions: int
    """The context length."""
    eps: float
    """Added to the variance in the norms."""
    rope_theta: float
    """The base of the rotary embedding; Llama only."""
    tied: bool
    """Whether the embedding is the head, too."""


def read_shape(folder: Path) -> Shape | None:
    """The shape of the model in `folder`, or None if it is of another family or variant.

    Raises:
        BadInputError: config.json cannot be read.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_bytes())
    except OSError as error:
        raise BadInputError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise BadInputError(f"{path} is not JSON: {error}") from error
    if not isinstance(config, dict) or "quantization_config" in config:
        return None
    try:
        return {"gpt2": _gpt2, "llama": _llama}.get(str(config.get("model_type")), _other)(config)
    except (KeyError, TypeError, ValueError):  # transformers will say what is wrong
        return None


def _other(_: dict[str, Any]) -> None:
    return None


def _gpt2(config: dict[str, Any]) -> Shape | None:
    plain = all(config.get(name, value) == value for name, value in GPT2_PLAIN.items())
    if not plain or config.get("activation_function", "gelu_new") not in TANH_GELU:
        return None
    hidden, heads = _count(config["n_embd"]), _count(config["n_head"])
    return Shape(
        family="gpt2",
        vocabulary=_count(config["vocab_size"]),
        hidden_size=hidden,
        layers=_count(config["n_layer"]),
        heads=heads,
        kv_heads=heads,
        head_dim=_share(hidden, heads),
        max_positions=_count(config["n_positions"]),
        eps=float(config.get("layer_norm_epsilon", 1e-5)),
        rope_theta=0.0,
        tied=bool(config.get("tie_word_embeddings", True)),
    )


def _llama(config: dict[str, Any]) -> Shape | None:
    rope = config.get("rope_parameters") or {}
    scaling = config.get("rope_scaling") or rope
    rotary = scaling.get("rope_type", scaling.get("type", "default"))
    partial = rope.get("partial_rotary_factor", 1.0)
    if rotary != "default" or partial != 1.0 or config.get("hidden_act", "silu") != "silu":
        return None
    heads = _count(config["num_attention_heads"])
    kv_heads = _count(config.get("num_key_value_heads") or heads)
    _share(heads, kv_heads)
    hidden = _count(config["hidden_size"])
    return Shape(
        family="llama",
        vocabulary=_count(config["vocab_size"]),
        hidden_size=hidden,
        layers=_count(config["num_hidden_layers"]),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=_count(config.get("head_dim") or _share(hidden, heads)),
        max_positions=_count(config["max_position_embeddings"]),
        eps=float(config.get("rms_norm_eps", 1e-6)),
        rope_theta=float(rope.get("rope_theta") or config.get("rope_theta") or 10000.0),
        tied=bool(config.get("tie_word_embeddings", False)),
    )


def _count(value: Any) -> int:
    """`value`, if it is a whole number above zero."""
    if type(value) is not int or value < 1:
        raise ValueError(value)
    return value


def _share(whole: int, parts: int) -> int:
    """One of `parts` equal parts."""
    share, rest = divmod(whole, parts)
    if rest:
        raise ValueError(f"{whole} does not divide by {parts}")
    return share
