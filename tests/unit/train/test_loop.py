import math

import pytest
import torch
from torch import Tensor

from components.lm.models import LanguageModel
from components.train.computing import InTurn
from components.train.config import TrainConfig
from components.train.data import Batch, Posts
from components.train.loop import DivergedError, TrainingPlan, plan, train
from components.train.optimizer import MasterAdamW
from components.train.schedule import learning_rate
from components.train.stage import fit

QUICK = TrainConfig(epochs=3, batch_tokens=128, learning_rate=1e-2, validations=1)


def scripted(values: list[float]) -> tuple[MasterAdamW, list[Batch], object]:
    """A training whose validation losses are `values`, one after the other."""
    weight = torch.nn.Parameter(torch.zeros(1))
    script = iter(values)
    judged = Batch(torch.zeros(1, 1, dtype=torch.long), torch.zeros(1, 1, dtype=torch.long), 1)

    def loss_of(batch: Batch) -> Tensor:
        return torch.tensor(next(script)) if batch is judged else weight.sum() + 1

    return MasterAdamW([weight], 0.0, torch.float32), [judged], loss_of


def outcome(values: list[float], **changes: object) -> tuple[int, float, int]:
    config = QUICK.model_copy(update={"patience": 2, "batch_tokens": 4, **changes})
    optimizer, judged, loss_of = scripted(values)
    posts = Posts([[0, 1, 2]] * 4, 0)
    result = train(InTurn(loss_of), optimizer, posts, judged, config, lambda *_: None)  # type: ignore[arg-type]
    return result.best_step, result.best_loss, result.step


def test_it_stops_when_patience_is_used_up_and_keeps_the_best() -> None:
    assert outcome([3.0, 2.0, 1.0, 1.5, 1.2, 9.9], epochs=9) == (4, 1.0, 8)


def test_it_goes_on_to_the_end_while_it_gains() -> None:
    assert outcome([3.0, 2.0, 1.0, 0.5], epochs=3) == (6, 0.5, 6)


def test_it_is_never_worse_than_the_start() -> None:
    assert outcome([3.0, 3.5, 3.2, 0.1]) == (0, 3.0, 4)


def test_it_stops_when_the_time_is_up() -> None:
    assert outcome([3.0, 2.0, 1.0], max_seconds=1e-9) == (1, 2.0, 1)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_with_advice(value: float) -> None:
    with pytest.raises(DivergedError, match="try a lower --learning-rate"):
        outcome([3.0, value])


def test_the_plan_counts_epochs_and_validations(posts: Posts) -> None:
    one = plan(posts, QUICK.model_copy(update={"epochs": 1.0, "validations": 4}))
    many = plan(posts, QUICK.model_copy(update={"epochs": 2.5, "validations": 4}))
    assert many == TrainingPlan(2.5, round(2.5 * one.steps), one.between)
    assert one.between == math.ceil(one.steps / 4)


@pytest.mark.parametrize(("copies", "epochs"), [(1, 4.0), (10_000, 1.0)])
def test_few_posts_are_seen_oftener_than_many(posts: Posts, copies: int, epochs: float) -> None:
    planned = plan(Posts(posts.ids[:2] * copies, 0), TrainConfig())
    assert planned.epochs == epochs


def test_between_few_and_many_posts_the_steps_stay_the_same(posts: Posts) -> None:
    length = len(posts.ids[0]) - 1
    planned = plan(Posts(posts.ids[:1] * 20, 0), TrainConfig(batch_tokens=length))
    assert planned.epochs == 2
    assert planned.steps == 40


def test_the_learning_rate_rises_and_falls() -> None:
    rates = [learning_rate(step, 20, 1.0, 0.1) for step in range(20)]
    assert rates[:3] == [0.5, 1.0, 1.0]
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert 1 / 3 < rates[-1] < 0.4
    assert learning_rate(0, 1, 1.0, 0.1) == 1.0


@pytest.mark.parametrize("method", ["partial", "full", "lora"])
@pytest.mark.parametrize("dtype", ["fp32", "bf16"])
def test_training_lowers_the_loss(lm: LanguageModel, posts: Posts, method: str, dtype: str) -> None:
    config = QUICK.model_copy(update={"method": method})
    result = fit(lm, posts, posts, config, dtype)  # type: ignore[arg-type]
    # a random base leaves little to adapt where its embeddings rest
    share = {"partial": 0.98, "full": 0.8, "lora": 0.97}[method]
    assert result.best_loss < share * (result.curve[0].validation_loss or 0)
    assert result.tokens == 3 * posts.tokens


def test_small_updates_are_not_lost_in_bf16() -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = MasterAdamW([weight], 0.0, torch.bfloat16)
    for _ in range(100):
        weight.grad = torch.ones_like(weight)
        optimizer.step(1e-4)
    assert weight.dtype == torch.bfloat16
    assert float(optimizer.weights()[0]) == pytest.approx(0.99, abs=1e-3)
    assert float(weight.detach()) == pytest.approx(0.99, abs=4e-3)
