"""What llama.cpp needs to be told of GPT-2 and of Llama, and how it lays out their weights.

After llama.cpp's `convert_hf_to_gguf.py` and its `llama-arch.cpp`, `llama-model.cpp`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import numpy as np
from gguf import MODEL_ARCH, MODEL_ARCH_NAMES, GGUFWriter
from numpy.typing import NDArray

Array = NDArray[np.float32]

TANH_GELUS = frozenset({"gelu_new", "gelu_fast", "gelu_pytorch_tanh"})
"""The names of what llama.cpp computes as GELU."""
ROPE_FREQUENCIES = "rope_freqs.weight"


class Architecture(ABC):
    """An architecture that llama.cpp knows, with the configuration of one model."""

    kind: MODEL_ARCH

    def __init__(self, config: Any) -> None:
        self.config = config

    @property
    def name(self) -> str:
        """What llama.cpp calls it."""
        return MODEL_ARCH_NAMES[self.kind]

    @abstractmethod
    def unknown(self) -> str | None:
        """What of the configuration llama.cpp would compute otherwise; None if there is nothing."""

    @abstractmethod
    def describe(self, writer: GGUFWriter) -> None:
        """Write the sizes that llama.cpp needs."""

    def laid_out(self, name: str, weights: Array) -> Array:
        """These weights, by their name in transformers, as llama.cpp lays them out."""
        return weights

    def computed(self) -> Iterator[tuple[str, Array]]:
        """Tensors that no file of the model holds, by their names in GGUF."""
        yield from ()


class Gpt2(Architecture):
    """GPT-2: absolute positions, one matrix for query, key and value, GELU."""

    kind = MODEL_ARCH.GPT2

    def unknown(self) -> str | None:
        """A switch of the configuration that GPT-2 itself has otherwise."""
        if self.config.activation_function not in TANH_GELUS:
            return f"its activation function {self.config.activation_function!r}"
        if not self.config.scale_attn_weights or self.config.scale_attn_by_inverse_layer_idx:
            return "how it scales its attention"
        return "its cross-attention" if self.config.add_cross_attention else None

    def describe(self, writer: GGUFWriter) -> None:
        """Write the sizes."""
        config = self.config
        writer.add_context_length(config.n_positions)
        writer.add_embedding_length(config.n_embd)
        writer.add_feed_forward_length(config.n_inner or 4 * config.n_embd)
        writer.add_block_count(config.n_layer)
        writer.add_head_count(config.n_head)
        writer.add_layer_norm_eps(config.layer_norm_epsilon)

    def laid_out(self, name: str, weights: Array) -> Array:
        """Its matrices stand as (in, out) in transformers' `Conv1D`, and as (out, in) in GGUF."""
        is_conv = name.endswith(("c_attn.weight", "c_proj.weight", "c_fc.weight"))
        return weights.T if is_conv else weights


class Llama(Architecture):
    """Llama: rotary positions, grouped queries, a gated SiLU."""

    kind = MODEL_ARCH.LLAMA

    def unknown(self) -> str | None:
        """An activation or a scaling of positions that llama.cpp's Llama lacks."""
        if self.config.hidden_act not in ("silu", "swish"):
            return f"its activation function {self.config.hidden_act!r}"
        scaling = self.config.rope_parameters["rope_type"]
        known = scaling in ("default", "linear", "llama3")
        return None if known else f"its scaling of positions {scaling!r}"

    def describe(self, writer: GGUFWriter) -> None:
        """Write the sizes and the base of the rotary positions."""
        config = self.config
        writer.add_vocab_size(config.vocab_size)
        writer.add_context_length(config.max_position_embeddings)
        writer.add_embedding_length(config.hidden_size)
        writer.add_feed_forward_length(config.intermediate_size)
        writer.add_block_count(config.num_hidden_layers)
        writer.add_head_count(config.num_attention_heads)
        writer.add_head_count_kv(config.num_key_value_heads)
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
        writer.add_layer_norm_rms_eps(config.rms_norm_eps)
        writer.add_rope_dimension_count(config.head_dim)
        writer.add_rope_freq_base(config.rope_parameters["rope_theta"])

    def laid_out(self, name: str, weights: Array) -> Array:
        """transformers turns the halves of a head's query and key, llama.cpp its pairs."""
        if ".q_proj." in name:
            return _pairs_from_halves(weights, self.config.num_attention_heads)
        if ".k_proj." in name:
            return _pairs_from_halves(weights, self.config.num_key_value_heads)
        return weights

    def computed(self) -> Iterator[tuple[str, Array]]:
        """By what each frequency of the rotary positions is divided, where they are scaled."""
        from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

        scaling = self.config.rope_parameters["rope_type"]
        if scaling == "default":
            return
        scaled, _ = ROPE_INIT_FUNCTIONS[scaling](self.config, "cpu")
        width = self.config.head_dim
        exponents = np.arange(0, width, 2, dtype=np.float64) / width
        plain = 1.0 / self.config.rope_parameters["rope_theta"] ** exponents
        yield ROPE_FREQUENCIES, (plain / scaled.numpy()).astype(np.float32)


def _pairs_from_halves(weights: Array, heads: int) -> Array:
    """Rows (or a bias) of each head: the first half's and the second's by turns."""
    halves = weights.reshape(heads, 2, -1, *weights.shape[1:])
    return halves.swapaxes(1, 2).reshape(weights.shape)


ARCHITECTURES: dict[str, type[Architecture]] = {"gpt2": Gpt2, "llama": Llama}
"""By `model_type` in config.json."""
