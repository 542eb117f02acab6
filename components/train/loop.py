"""The training loop: batches, steps, validations, and when to stop."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from components.contracts.errors import BadInputError, HuggingtweetsError
from components.contracts.reports import CurvePoint
from components.runtime.progress import Advance
from components.train.checkpoint import Checkpoints, State
from components.train.computing import InTurn
from components.train.config import TrainConfig
from components.train.data import Batch, Posts, epoch_batches, make_batch
from components.train.group import Group
from components.train.memory import fitting
from components.train.optimizer import MasterAdamW
from components.train.schedule import learning_rate
from components.train.state import TrainState, resumed, snapshot

OnStep = Callable[[int, Mapping[str, float]], None]
"""Is told of each step's number and of what was measured then."""


def ignore(step: int, values: Mapping[str, float]) -> None:
    """Tell nobody."""


class DivergedError(HuggingtweetsError):
    """The loss is no number any more."""


FEWEST_STEPS = 40
MOST_EPOCHS = 4.0


@dataclass(frozen=True)
class TrainingPlan:
    """How long a training is at most."""

    epochs: float
    steps: int
    between: int
    """After how many steps each it is validated."""


def plan(posts: Posts, config: TrainConfig, *, packed: bool = False) -> TrainingPlan:
    """The plan for these training posts, whose batches are `packed` or padded.

    Posts seen a second time are learnt by heart more than learnt from, so one epoch is enough
    where it has FEWEST_STEPS; fewer posts are seen as often as that takes, MOST_EPOCHS at most.
    """
    an_epoch = len(_epoch(posts, config, 0, packed=packed))
    epochs = config.epochs or min(MOST_EPOCHS, max(1.0, FEWEST_STEPS / an_epoch))
    steps = max(1, round(an_epoch * epochs))
    return TrainingPlan(epochs, steps, min(steps, math.ceil(an_epoch / config.validations)))


@dataclass(frozen=True)
class Share:
    """What one process computes of a batch."""

    own: Batch | None
    """Its posts; None where the batch holds fewer posts than there are processes."""
    tokens: int
    """Those of the whole batch."""


def train(
    computing: InTurn,
    optimizer: MasterAdamW,
    posts: Posts,
    validation: list[Batch],
    config: TrainConfig,
    advance: Advance,
    checkpoints: Checkpoints | None = None,
    on_step: OnStep = ignore,
    group: Group | None = None,
) -> TrainState:
    """Train until the plan, the patience or the time is used up, and give the best weights.

    The weights before the first step count too, so the result is never worse than the start. With
    `checkpoints` it goes on from the newest one, as if it had never been interrupted. Of a `group`
    each process computes its share, all decide alike, and the first writes checkpoints.

    Raises:
        BadInputError: no batch holds as many posts as the group has processes.
        DivergedError: the loss became infinite or no number.
    """
    group = group or Group(validation[0].inputs.device)
    packed = computing.packed
    schedule = plan(posts, config, packed=packed)
    _check_shares(posts, config, group, packed=packed)
    start = time.perf_counter()
    losses: list[float] = []
    saved = _saved(checkpoints, group)
    if saved:
        state = resumed(saved, losses, optimizer)
        start -= state.seconds
        advance(state.step)
    else:
        state = TrainState(optimizer.weights(), schedule.epochs)
        _validate(state, computing, validation, optimizer, None, group)
    for share in _shares(posts, state.step, schedule.steps, config, group, packed=packed):
        rate = learning_rate(state.step, schedule.steps, config.peak_learning_rate, config.warmup)
        losses.append(_step(state, computing, optimizer, share, rate, group))
        state.step += 1
        state.tokens += share.tokens
        state.seconds = time.perf_counter() - start
        out_of_time = config.max_seconds is not None and group.as_the_first(
            state.seconds >= config.max_seconds
        )
        advance(1, _words(state, losses[-1]))
        on_step(state.step, {"train/loss": losses[-1], "train/learning_rate": rate})
        if state.step % schedule.between == 0 or state.step == schedule.steps or out_of_time:
            _validate(state, computing, validation, optimizer, float(np.mean(losses)), group)
            on_step(state.step, {"validation/loss": state.curve[-1].validation_loss or 0.0})
            losses.clear()
            if out_of_time or _without_gain(state) >= config.patience:
                break
        if checkpoints and group.is_first:
            checkpoints.offer(lambda: snapshot(state, losses, optimizer))
    state.seconds = time.perf_counter() - start
    return state


def _saved(checkpoints: Checkpoints | None, group: Group) -> State | None:
    """The checkpoint to go on from, the same for all; none where any of them cannot read it."""
    if not checkpoints:
        return None
    saved = checkpoints.load(group.sha256_of_the_first)
    return saved if group.total(saved is not None) == group.size else None


def _check_shares(posts: Posts, config: TrainConfig, group: Group, *, packed: bool) -> None:
    largest = max(map(len, _epoch(posts, config, 0, packed=packed)))
    if largest < group.size:
        raise BadInputError(
            f"--batch-tokens: a batch of {config.batch_tokens} tokens holds {largest} posts at "
            f"most, and {group.size} processes share it; give more tokens, or fewer --gpus"
        )


def _shares(
    posts: Posts, first: int, steps: int, config: TrainConfig, group: Group, *, packed: bool
) -> Iterator[Share]:
    """What there is to do from step `first` to before `steps`, of as many epochs as it takes."""
    done, epoch = 0, 0
    while True:
        for numbers in _epoch(posts, config, epoch, packed=packed):
            if done == steps:
                return
            if done >= first:
                yield _share(posts, numbers, done, group)
            done += 1
        epoch += 1


def _share(posts: Posts, numbers: list[int], step: int, group: Group) -> Share:
    own = group.share(numbers)
    batch = make_batch(posts, own, group.device, step) if own else None
    return Share(batch, sum(len(posts.ids[number]) - 1 for number in numbers))


def _epoch(posts: Posts, config: TrainConfig, number: int, *, packed: bool) -> list[list[int]]:
    """The batches of an epoch, which has an order of its own."""
    order = np.random.default_rng((config.seed, number))
    return epoch_batches(posts, config.batch_tokens, order, packed=packed)


def _step(
    state: TrainState,
    computing: InTurn,
    optimizer: MasterAdamW,
    share: Share,
    rate: float,
    group: Group,
) -> float:
    compute = partial(computing.gradients, share.tokens)
    own = fitting(state, share.own, compute, optimizer.drop_gradients) if share.own else 0.0
    value = group.total(own)
    _check(value)
    optimizer.step(rate, group.add_up if group.size > 1 else None)
    return value


def _validate(
    state: TrainState,
    computing: InTurn,
    validation: list[Batch],
    optimizer: MasterAdamW,
    train_loss: float | None,
    group: Group,
) -> None:
    own = group.share(validation)
    nats = sum(fitting(state, batch, computing.nats) for batch in own)
    loss = group.total(nats) / sum(batch.tokens for batch in validation)
    _check(loss)
    state.curve.append(CurvePoint(step=state.step, train_loss=train_loss, validation_loss=loss))
    if loss < state.best_loss:
        state.best_loss, state.best_step = loss, state.step
        state.seconds_to_best = state.seconds
        state.best_weights = optimizer.weights()


def _without_gain(state: TrainState) -> int:
    """How many validations came after the best one."""
    return sum(point.step > state.best_step for point in state.curve)


def _check(loss: float) -> None:
    if not math.isfinite(loss):
        raise DivergedError(f"the loss became {loss}; try a lower --learning-rate, or --dtype fp32")


def _words(state: TrainState, loss: float) -> str:
    return (
        f"{state.tokens / state.seconds:.0f} tokens/s, loss {loss:.3f}, "
        f"best validation loss {state.best_loss:.3f} at step {state.best_step}"
    )
