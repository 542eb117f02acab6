"""What can be chosen about publishing."""

from typing import Literal, TypeAlias

from components.runtime.flags import StageConfig

GgufDtype: TypeAlias = Literal["f16", "q8_0"]


class PublishConfig(StageConfig):
    """What can be chosen about publishing."""

    license: str | None = None
    """The model's licence as an SPDX name; the base model's, or else `unknown`, if left out."""
    gguf: GgufDtype | None = None
    """Write a GGUF file beside the model, for llama.cpp and Ollama, its matrices in this dtype."""
