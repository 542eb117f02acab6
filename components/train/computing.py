"""How a process computes gradients and losses: in turn, or the halves of a batch side by side."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import Parameter

from components.train.data import Batch, rows_of
from components.train.loss import LossFunction
from components.train.suit import Suited

Result = TypeVar("Result")


class InTurn:
    """One batch after the other, each by all of torch's threads."""

    def __init__(self, loss_of: LossFunction, *, packed: bool = False) -> None:
        """`loss_of` gives the mean loss of a batch, which it computes without padding if packed."""
        self._loss_of = loss_of
        self.packed = packed

    def gradients(self, tokens: int, parts: Sequence[Batch]) -> float:
        """Add to the gradients those of what `parts` add to the mean loss over `tokens` tokens.

        Gives what they add to it. Processes do not speak of it before the end, so each may take as
        many parts as it must.
        """
        total = 0.0
        for part in parts:
            loss = self._loss_of(part) * (part.tokens / tokens)
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        return total

    def nats(self, parts: Sequence[Batch]) -> float:
        """What all tokens of `parts` cost together."""
        return sum(map(self._nats, parts))

    def _nats(self, part: Batch) -> float:
        with torch.no_grad():
            return float(self._loss_of(part)) * part.tokens


class SideBySide(InTurn):
    """The two halves of each batch at once, each by a thread that has half of torch's threads.

    Nothing is waited for within a half, so what one processor core does badly in company (many
    small operations) costs half, and a neighbour that takes a core away costs less.
    """

    def __init__(
        self, loss_of: LossFunction, parameters: Sequence[Parameter], *, packed: bool = False
    ) -> None:
        """`parameters` are those that are trained."""
        super().__init__(loss_of, packed=packed)
        self._parameters = parameters
        each = max(1, torch.get_num_threads() // 2)
        self._pool = ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(each,))

    def gradients(self, tokens: int, parts: Sequence[Batch]) -> float:
        """The same as in turn, up to rounding."""
        total = 0.0
        for part in parts:
            parted = self._halves(part)
            found = self._map(lambda half: self._own_gradients(half, tokens), parted)
            for loss, grads in found:
                total += loss
                self._add(grads)
        return total

    def nats(self, parts: Sequence[Batch]) -> float:
        """The same as in turn."""
        return sum(self._map(self._nats, [h for part in parts for h in self._halves(part)]))

    def _halves(self, batch: Batch) -> list[Batch]:
        return even_halves(batch) if self.packed else halves(batch)

    def _own_gradients(self, half: Batch, tokens: int) -> tuple[float, tuple[Tensor | None, ...]]:
        """The loss that `half` adds, and its gradients, left to the thread that asks."""
        loss = self._loss_of(half) * (half.tokens / tokens)
        grads = torch.autograd.grad(loss, self._parameters, allow_unused=True)
        return float(loss.detach()), grads

    def _add(self, grads: Sequence[Tensor | None]) -> None:
        for parameter, grad in zip(self._parameters, grads, strict=True):
            if grad is None:
                continue
            if parameter.grad is None:
                parameter.grad = grad
            else:
                parameter.grad += grad

    def _map(self, work: Callable[[Batch], Result], batches: Sequence[Batch]) -> list[Result]:
        """What `work` gives for each, in order; an error is raised when no thread is at work."""
        futures: list[Future[Result]] = [self._pool.submit(work, batch) for batch in batches]
        wait(futures)
        return [future.result() for future in futures]


def computing_of(loss_of: LossFunction, parameters: Sequence[Parameter], suited: Suited) -> InTurn:
    """How this process computes best a model that was `suited` so."""
    if suited.beside and torch.get_num_threads() > 1:
        return SideBySide(loss_of, parameters, packed=suited.packed)
    return InTurn(loss_of, packed=suited.packed)


def halves(batch: Batch) -> list[Batch]:
    """The posts of `batch`, longest first, in two batches of like work; one where it is a post."""
    lengths: list[int] = batch.lengths.tolist()
    count = len(lengths)
    if count == 1:
        return [batch]

    def longer(first: int) -> int:
        return max(first * lengths[0], (count - first) * lengths[first])

    middle = min(range(1, count), key=longer)
    return [rows_of(batch, slice(middle)), rows_of(batch, slice(middle, None))]


def even_halves(batch: Batch) -> list[Batch]:
    """The posts of `batch` in two batches of about as many tokens; one where it is a post."""
    lengths: list[int] = batch.lengths.tolist()
    if len(lengths) == 1:
        return [batch]
    rows: tuple[list[int], list[int]] = ([], [])
    tokens = [0, 0]
    for row in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        lighter = tokens.index(min(tokens))
        rows[lighter].append(row)
        tokens[lighter] += lengths[row]
    return [rows_of(batch, half) for half in rows]
