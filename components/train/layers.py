"""A model's layers, whatever the family."""

from typing import Any

from torch import nn


def layers_of(model: Any) -> nn.ModuleList | None:
    """The layers of `model` from the first to the last; None where it does not tell them."""
    count = getattr(model.config.get_text_config(), "num_hidden_layers", None)
    lists = (module for module in model.modules() if isinstance(module, nn.ModuleList))
    return next((layers for layers in lists if len(layers) == count), None)
