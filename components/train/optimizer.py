"""AdamW on fp32 master weights, whatever format the model computes in."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils import clip_grad_norm_
from torch.optim.adamw import adamw

from components.train.native.adamw import AdamWInC, AdamWStep, Weight
from components.train.native.library import available

HIGHEST_NORM = 1.0  # gradients are scaled down to this norm, as GPT-2 and Llama were trained
BETAS = (0.9, 0.99)
EPS = 1e-8


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
        self._weight_decay = weight_decay
        self._steps = 0
        self._means = [torch.zeros_like(master, requires_grad=False) for master in self.masters]
        self._squares = [torch.zeros_like(mean) for mean in self._means]
        processor = all(master.device.type == "cpu" for master in self.masters)
        fast = processor and dtype == torch.bfloat16 and available()
        self._in_c = AdamWInC(self._weights()) if fast else None

    def step(
        self, learning_rate: float, add_up: Callable[[list[Tensor]], None] | None = None
    ) -> None:
        """Move the weights along the gradients that the last backward pass left, and drop these.

        Where several processes have a part of them, `add_up` turns a process's into those of all.
        """
        self._steps += 1
        if self._in_c and not add_up:
            self._in_c.move(self._facts(learning_rate), HIGHEST_NORM)
        else:
            self._move(learning_rate, add_up)
        self.drop_gradients()

    def _facts(self, learning_rate: float) -> AdamWStep:
        corrections = (1 - beta**self._steps for beta in BETAS)
        return AdamWStep(learning_rate, *BETAS, EPS, self._weight_decay, *corrections, 1.0)

    def _move(self, learning_rate: float, add_up: Callable[[list[Tensor]], None] | None) -> None:
        for parameter, master in zip(self.parameters, self.masters, strict=True):
            if parameter is not master and parameter.grad is not None:
                master.grad = parameter.grad.float()
                parameter.grad = None
        if add_up:
            add_up([self._gradient(master) for master in self.masters])
        clip_grad_norm_(self.masters, HIGHEST_NORM)
        used = [weight for weight in self._weights() if weight.master.grad is not None]
        with torch.no_grad():
            adamw(
                [weight.master for weight in used],
                [self._gradient(weight.master) for weight in used],
                [weight.mean for weight in used],
                [weight.square for weight in used],
                [],
                [torch.tensor(float(self._steps - 1), device=w.master.device) for w in used],
                fused=True,
                amsgrad=False,
                beta1=BETAS[0],
                beta2=BETAS[1],
                lr=learning_rate,
                weight_decay=self._weight_decay,
                eps=EPS,
                maximize=False,
            )
            for parameter, master in zip(self.parameters, self.masters, strict=True):
                if parameter is not master:
                    parameter.copy_(master)

    def _weights(self) -> list[Weight]:
        kept = (self.parameters, self.masters, self._means, self._squares)
        return [Weight(*parts) for parts in zip(*kept, strict=True)]

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
        moments = {"means": copies(self._means), "squares": copies(self._squares)}
        return {"masters": self.weights(), "steps": self._steps, **moments}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to where `state` was taken, in the model as well."""
        self._steps = state["steps"]
        with torch.no_grad():
            for own, name in (
                (self.masters, "masters"), (self._means, "means"), (self._squares, "squares")
            ):  # fmt: skip
                for tensor, saved in zip(own, state[name], strict=True):
                    tensor.copy_(saved)
            for parameter, master in zip(self.parameters, self.masters, strict=True):
                parameter.copy_(master)

    def weights(self) -> list[Tensor]:
        """A copy of the master weights, in the order of the parameters."""
        return copies(self.masters)


def copies(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Copies that nothing changes."""
    return [tensor.detach().clone() for tensor in tensors]
