"""Where to compute: on a GPU, or on the processor."""

from typing import Literal, TypeAlias

import torch

from components.contracts.errors import BadInputError

Device: TypeAlias = Literal["auto", "cpu", "cuda"]


def choose_device(asked: Device) -> torch.device:
    """The device that is asked for; `auto` is the first GPU if there is one, else the processor.

    Raises:
        BadInputError: `cuda` is asked for, and no GPU can be used.
    """
    if asked == "cuda" and (why := why_no_gpu()):
        raise BadInputError(f"--device cuda: {why}; give --device cpu to compute on the processor")
    return torch.device(default_device() if asked == "auto" else asked)


def default_device() -> torch.device:
    """The first GPU if there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def why_no_gpu() -> str:
    """Why no GPU can be used here; empty where one can, which is tried."""
    if torch.version.cuda is None and torch.version.hip is None:
        return f"torch {torch.__version__} is a build for the processor alone: take the CUDA build"
    if not torch.cuda.is_available():
        return "torch sees no GPU: does this machine or pod have one, and the driver for it?"
    try:
        (torch.ones(2, device="cuda") + 1).sum().item()
    except RuntimeError as error:  # a GPU too old or too new for this build, or in trouble
        return f"the GPU cannot be used: {str(error).splitlines()[0]}"
    return ""
