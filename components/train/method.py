"""What of a model is trained: all of it, a part of it, or low-rank adapters beside it."""

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import Parameter
from transformers.pytorch_utils import Conv1D

from components.contracts.errors import BadInputError
from components.train.adapted import join_adapters
from components.train.config import TrainConfig
from components.train.layers import layers_of

ALPHA_PER_RANK = 2
QUERIES_AND_KEYS = (".q_proj", ".k_proj")
"""As most families name their layers; some have one for queries, keys and values."""
WHOLE_MLPS = 0.2
"""The share of the layers, the last ones, whose MLPs partial training trains whole."""


def make_trainable(model: Any, config: TrainConfig) -> list[Parameter]:
    """Prepare `model` in place and return the parameters to train."""
    adapted = _adapted(model, config)
    if config.method == "lora":
        join_adapters(adapted)
    return _trainable(adapted)


def with_weights(model: Any, config: TrainConfig, weights: Sequence[Tensor]) -> Any:
    """The untouched base `model` with what training made of it: a plain model, adapters merged.

    `weights` are those of the parameters that `make_trainable` gives, in their order. Merging into
    the base in fp32 loses none of the small changes that bf16 would round away.
    """
    trained = _with(model, config, weights)
    return trained.merge_and_unload() if config.method == "lora" else trained


def adapters_of(
    model: Any, config: TrainConfig, weights: Sequence[Tensor]
) -> tuple[Any, dict[str, Tensor]]:
    """peft's configuration of the adapters that training made for `model`, and their weights.

    The arguments are those of `with_weights`; the method is lora.
    """
    from peft import get_peft_model_state_dict

    trained = _with(model, config, weights)
    return trained.peft_config["default"], get_peft_model_state_dict(trained)


def _with(model: Any, config: TrainConfig, weights: Sequence[Tensor]) -> Any:
    trained = _adapted(model, config)
    with torch.no_grad():
        for parameter, weight in zip(_trainable(trained), weights, strict=True):
            parameter.copy_(weight)
    return trained


def _adapted(model: Any, config: TrainConfig) -> Any:
    """`model`, in part frozen if so asked, or with LoRA peft's wrapping of it: adapters on every
    linear layer of its blocks.

    Hu et al. 2021, arXiv:2106.09685; on all linear layers, as Dettmers et al. 2023,
    arXiv:2305.14314 found best.
    """
    if config.method == "partial":
        for module in _resting(model):
            module.requires_grad_(False)
    if config.method != "lora":
        return model
    from peft import LoraConfig, get_peft_model  # takes two seconds, which full training is spared

    _check_rank(model, config.lora_rank)
    torch.manual_seed(config.seed)  # peft draws the adapters' start from torch's generator
    transposed = any(isinstance(layer, Conv1D) for layer in model.modules())
    adapters = LoraConfig(
        r=config.lora_rank,
        lora_alpha=ALPHA_PER_RANK * config.lora_rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        fan_in_fan_out=transposed,
    )
    with warnings.catch_warnings():  # peft asks transformers by a name that is to go
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return get_peft_model(model, adapters, autocast_adapter_dtype=False)
        except (ValueError, NotImplementedError) as error:
            raise BadInputError(
                f"--method lora: no adapters fit {type(model).__name__} ({error}); "
                "take --method full"
            ) from error


def _resting(model: Any) -> Iterator[nn.Module]:
    """What partial training leaves as it is: embeddings, queries, keys, what widens most MLPs.

    They are most of the weights, and what a few thousand posts teach goes into the others as well.
    """
    yield from filter(None, (model.get_input_embeddings(), model.get_output_embeddings()))
    layers = layers_of(model) or nn.ModuleList()
    first_whole = round(len(layers) * (1 - WHOLE_MLPS))
    whole = set(layers[first_whole:].modules())
    for name, module in model.named_modules():
        widens = "mlp" in name.lower() and _widens(module)
        if name.endswith(QUERIES_AND_KEYS) or (widens and module not in whole):
            yield module


def _widens(module: nn.Module) -> bool:
    if isinstance(module, Conv1D):
        return bool(module.nf > module.nx)
    return isinstance(module, nn.Linear) and module.out_features > module.in_features


def _check_rank(model: Any, rank: int) -> None:
    width = model.get_input_embeddings().embedding_dim
    if rank > width:
        raise BadInputError(
            f"--lora-rank: {rank} is more than the model's width, {width}; adapters of that rank "
            "have more weights than what they adapt; give 8 to 64, or take --method full"
        )


def _trainable(model: Any) -> list[Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]
