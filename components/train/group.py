"""The processes that train one model together, and what they tell each other.

Each has a copy of the model and takes its share of every batch; gradients are added up, so a step
means the same whatever their number (data parallelism, as in Li et al. 2020, arXiv:2006.15704).
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from components.lm.devices import Device, choose_device

RANK, LOCAL_RANK, WORLD_SIZE = "RANK", "LOCAL_RANK", "WORLD_SIZE"
LOCAL_WORLD_SIZE = "LOCAL_WORLD_SIZE"
ADDRESS, PORT = "MASTER_ADDR", "MASTER_PORT"
"""The variables by which torchrun, too, tells a process which one it is:
https://docs.pytorch.org/docs/stable/elastic/run.html#environment-variables"""
PATIENCE = timedelta(minutes=20)
"""For the others: an image of a GPU's software takes a node minutes to pull."""
SHA256_BYTES = 32
BUCKET = 8 << 20
"""Numbers that are sent at once, about: many small tensors would each cost a round trip."""

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Group:
    """The processes, seen from one of them."""

    device: torch.device
    """Where this one computes."""
    rank: int = 0
    """Its number, from 0."""
    size: int = 1
    """How many there are."""
    local_size: int = 1
    """How many of them share its machine."""

    @property
    def is_first(self) -> bool:
        """Whether this is the one that logs, writes and decides."""
        return self.rank == 0

    def share(self, things: Sequence[Thing]) -> Sequence[Thing]:
        """Those of `things` that are this process's; none where there are fewer than processes."""
        return things[self.rank :: self.size]

    def total(self, number: float) -> float:
        """The sum of the numbers that all give."""
        if self.size == 1:
            return number
        told = torch.tensor(number, dtype=torch.float64, device=self.device)
        dist.all_reduce(told)
        return float(told)

    def add_up(self, tensors: Sequence[Tensor]) -> None:
        """Put in the place of each tensor the sum of what all have there; they are of one dtype."""
        for bucket in _buckets(tensors) if self.size > 1 else ():
            flat = torch.cat([tensor.flatten() for tensor in bucket])
            dist.all_reduce(flat)
            parts = torch.split(flat, [tensor.numel() for tensor in bucket])
            for tensor, part in zip(bucket, parts, strict=True):
                tensor.copy_(part.view_as(tensor))

    def as_the_first(self, flag: bool) -> bool:
        """What the first process gives."""
        return self.total(flag if self.is_first else False) > 0

    def sha256_of_the_first(self, digest: str | None) -> str | None:
        """The SHA-256 in hex that the first process gives, or its None."""
        if self.size == 1:
            return digest
        said = bytes.fromhex(digest) if digest and self.is_first else bytes(SHA256_BYTES)
        told = torch.tensor(list(said), dtype=torch.uint8, device=self.device)
        dist.broadcast(told, 0)
        return bytes(told.tolist()).hex() if told.any() else None


def _buckets(tensors: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """The tensors in their order, several small ones or a large one at once."""
    bucket: list[Tensor] = []
    for tensor in tensors:
        if bucket and sum(one.numel() for one in bucket) + tensor.numel() > BUCKET:
            yield bucket
            bucket = []
        bucket.append(tensor)
    if bucket:
        yield bucket


def is_in_group() -> bool:
    """Whether the environment says that this is one of several processes."""
    return int(os.environ.get(WORLD_SIZE) or 1) > 1 and RANK in os.environ


def is_first() -> bool:
    """Whether this is the first of them, or the only one."""
    return not is_in_group() or int(os.environ[RANK]) == 0


@contextmanager
def joined(asked: Device) -> Iterator[Group]:
    """The group that the environment puts this process into, computing on what is asked for.

    Raises:
        BadInputError: there is no such device.
    """
    device = choose_device(asked)
    if not is_in_group():
        yield Group(device)
        return
    number = int(os.environ.get(LOCAL_RANK) or 0)
    if device.type == "cuda":
        device = torch.device("cuda", number)
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    neighbours = int(os.environ.get(LOCAL_WORLD_SIZE) or 1)
    group = Group(device, dist.get_rank(), dist.get_world_size(), neighbours)
    if not group.is_first:
        logging.getLogger("components").setLevel(logging.ERROR)
    yield group
    dist.destroy_process_group()  # not after an error: the others may wait for what never comes
