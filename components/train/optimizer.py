"""AdamW on fp32 master weights, whatever format the model computes in."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_

HIGHEST_NORM = 1.0  # gradients are scaled down to this norm, as GPT-2 and Llama were trained
BETAS = (0.9, 0.99)


class MasterAdamW:
    """Keeps updates that are too small for bf16 (Micikevicius et al. 2018, arXiv:1710.03740)."""

    def __init__(self, parameters: Sequence[Parameter], weight_decay: float, dtype: torch.dtype):
        """Take fp32 `parameters`, and cast them to `dtype` where that is another."""
        self.parameters = list(parameters)
        self.masters: list[Tensor] = list(parameters)
        if dtype != torch.float32:
            self.masters = [p.detach().clone().requires_grad_() for p in parameters]
            for parameter in parameters:
                parameter.data = parameter.data.to(dtype)
        self._adam = torch.optim.AdamW(
            self.masters, lr=0.0, betas=BETAS, weight_decay=weight_decay, fused=True
        )

    def step(
        self, learning_rate: float, add_up: Callable[[list[Tensor]], None] | None = None
    ) -> None:
        """Move the weights along the gradients that the last backward pass left, and drop these.

        Where several processes have a part of them, `add_up` turns a process's into those of all.
        """
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            if parameter is not master and parameter.grad is not None:
                master.grad = parameter.grad.float()
                parameter.grad = None
        if add_up:
            add_up([self._gradient(master) for master in self.masters])
        clip_grad_norm_(self.masters, HIGHEST_NORM)
        self._adam.param_groups[0]["lr"] = learning_rate
        self._adam.step()
        self._adam.zero_grad()
        with torch.no_grad():
            for parameter, master in zip(self.parameters, self.masters, strict=True):
                if parameter is not master:
                    parameter.copy_(master)

    def drop_gradients(self) -> None:
        """Forget what the last backward passes left."""
        for tensor in (*self.parameters, *self.masters):
            tensor.grad = None

    @staticmethod
    def _gradient(master: Tensor) -> Tensor:
        """Its gradient, zero where the process had no part in the batch."""
        if master.grad is None:
            master.grad = torch.zeros_like(master)
        return master.grad

    def state(self) -> dict[str, Any]:
        """All that the next step depends on: the master weights and AdamW's moments."""
        return {"masters": self.weights(), "adam": self._adam.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where `state` was taken, in the model as well."""
        with torch.no_grad():
            for parameter, master, saved in zip(
                self.parameters, self.masters, state["masters"], strict=True
            ):
                master.copy_(saved)
                parameter.copy_(master)
        self._adam.load_state_dict(state["adam"])

    def weights(self) -> list[Tensor]:
        """A copy of the master weights, in the order of the parameters."""
        return [master.detach().clone() for master in self.masters]
