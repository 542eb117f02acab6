"""Which weights a model of a known shape consists of, told without reading one or importing torch.

Names and layouts are those of transformers' GPT2LMHeadModel and LlamaForCausalLM; a matrix of
GPT-2 is [in, out], one of Llama [out, in].
"""

import math
from collections.abc import Mapping

from components.lm.decoding.shape import Shape

ARCHITECTURES = {"gpt2": "GPT2LMHeadModel", "llama": "LlamaForCausalLM"}
"""What transformers calls the causal language model of a family."""
PREFIXES = {"gpt2": "transformer.", "llama": "model."}
"""What stands before the names of a whole model's weights, all but the head's."""
EMBEDDINGS = {"gpt2": "wte.weight", "llama": "embed_tokens.weight"}
HEAD = "lm_head.weight"
LAYERS = {"gpt2": "h", "llama": "layers"}
PRODUCTS: dict[str, dict[str, tuple[str, ...]]] = {
    "gpt2": {
        "qkv": ("attn.c_attn",),
        "out": ("attn.c_proj",),
        "up": ("mlp.c_fc",),
        "down": ("mlp.c_proj",),
    },
    "llama": {
        "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        "out": ("self_attn.o_proj",),
        "up": ("mlp.gate_proj", "mlp.up_proj"),
        "down": ("mlp.down_proj",),
    },
}
"""The matrices of a layer by the product that they make up together: those of one input."""

Shapes = Mapping[str, tuple[int, ...]]
"""The shapes of weights by name."""


def count_weights(shape: Shape, found: Shapes) -> int | None:
    """How many numbers the model has, a head that is the embedding counted once.

    Args:
        shape: what its configuration says.
        found: the weights in its files. More may be there, as masks or the head once more.

    Returns:
        None if some are missing, or are not as the configuration says.
    """
    prefix = PREFIXES[shape.family]
    bare = {name.removeprefix(prefix): size for name, size in found.items()}
    if shape.layers > len(bare) or (shape.family == "llama" and _has_biases(bare)):
        return None
    inner = _inner(shape, bare)
    expected = {"gpt2": _gpt2, "llama": _llama}[shape.family](shape, inner)
    if not shape.tied:
        expected[HEAD] = (shape.vocabulary, shape.hidden_size)
    if any(bare.get(name) != size for name, size in expected.items()):
        return None
    return sum(map(math.prod, expected.values()))


def head_of(shape: Shape) -> str:
    """The name of the matrix that gives the logits."""
    return EMBEDDINGS[shape.family] if shape.tied else HEAD


def matrix_sizes(shape: Shape, inner: int) -> dict[str, tuple[int, int]]:
    """Outputs and inputs of a layer's matrices, by their names within the layer."""
    expected = {"gpt2": _gpt2, "llama": _llama}[shape.family](shape, inner)
    found = {}
    for name in (name for names in PRODUCTS[shape.family].values() for name in names):
        size = expected[f"{LAYERS[shape.family]}.0.{name}.weight"]
        found[name] = (size[0], size[1]) if shape.family == "llama" else (size[1], size[0])
    return found


def _has_biases(found: Shapes) -> bool:
    """Whether it is a Llama with biases, which transformers has as an option."""
    return any(name.endswith(".bias") for name in found)


def _inner(shape: Shape, found: Shapes) -> int:
    """The width of the layers' inner products, which the first one's bias or matrix shows."""
    first = {"gpt2": "h.0.mlp.c_fc.bias", "llama": "layers.0.mlp.gate_proj.weight"}
    return next(iter(found.get(first[shape.family], ())), 0)


def _gpt2(shape: Shape, inner: int) -> dict[str, tuple[int, ...]]:
    width = shape.hidden_size
    vector = (width,)
    layer = {
        **dict.fromkeys(("ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias"), vector),
        "attn.c_attn.weight": (width, 3 * width),
        "attn.c_attn.bias": (3 * width,),
        "attn.c_proj.weight": (width, width),
        "attn.c_proj.bias": vector,
        "mlp.c_fc.weight": (width, inner),
        "mlp.c_fc.bias": (inner,),
        "mlp.c_proj.weight": (inner, width),
        "mlp.c_proj.bias": vector,
    }
    return {
        EMBEDDINGS["gpt2"]: (shape.vocabulary, width),
        "wpe.weight": (shape.max_positions, width),
        **_each_layer(shape, LAYERS["gpt2"], layer),
        "ln_f.weight": vector,
        "ln_f.bias": vector,
    }


def _llama(shape: Shape, inner: int) -> dict[str, tuple[int, ...]]:
    width, queries = shape.hidden_size, shape.heads * shape.head_dim
    keys = (shape.kv_heads * shape.head_dim, width)
    layer = {
        **dict.fromkeys(("input_layernorm.weight", "post_attention_layernorm.weight"), (width,)),
        "self_attn.q_proj.weight": (queries, width),
        "self_attn.o_proj.weight": (width, queries),
        **dict.fromkeys(("self_attn.k_proj.weight", "self_attn.v_proj.weight"), keys),
        **dict.fromkeys(("mlp.gate_proj.weight", "mlp.up_proj.weight"), (inner, width)),
        "mlp.down_proj.weight": (width, inner),
    }
    return {
        EMBEDDINGS["llama"]: (shape.vocabulary, width),
        **_each_layer(shape, LAYERS["llama"], layer),
        "norm.weight": (width,),
    }


def _each_layer(shape: Shape, name: str, layer: Shapes) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.{number}.{part}": size
        for number in range(shape.layers)
        for part, size in layer.items()
    }
