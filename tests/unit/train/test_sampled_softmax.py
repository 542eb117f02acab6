import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, linear

from components.lm.models import LanguageModel
from components.train import sampled_softmax as module
from components.train.data import Posts, make_batch
from components.train.loss import loss_function
from components.train.sampled_softmax import SampledVocabulary

CPU = torch.device("cpu")
KEPT = np.array([1, 4, 5, 17])
SIZE, WIDTH = 60, 8
TARGETS = torch.tensor([4, 17, 1, 4])


@pytest.fixture
def head() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(SIZE, WIDTH, requires_grad=True), torch.randn(SIZE, requires_grad=True)


def test_where_all_others_are_drawn_the_loss_is_that_of_the_whole_vocabulary(
    head: tuple[torch.Tensor, torch.Tensor],
) -> None:
    weight, bias = head
    states = torch.randn(len(TARGETS), WIDTH)
    for whole in (bias, None):
        rows, shifted, places = SampledVocabulary(KEPT, SIZE, 0).part_of(weight, whole, TARGETS, 3)
        found = cross_entropy(linear(states, rows, shifted), places)
        torch.testing.assert_close(found, cross_entropy(linear(states, weight, whole), TARGETS))


def test_the_sum_of_exponentials_is_on_average_that_of_the_whole_vocabulary(
    monkeypatch: pytest.MonkeyPatch, head: tuple[torch.Tensor, torch.Tensor]
) -> None:
    monkeypatch.setattr(module, "DRAWN", 8)
    weight, bias = head
    state, sampled = torch.randn(1, WIDTH) / 4, SampledVocabulary(KEPT, SIZE, 0)
    found = []
    for step in range(400):
        rows, shifted, _ = sampled.part_of(weight, bias, TARGETS, step)
        assert len(rows) == len(KEPT) + 8
        found.append(float(linear(state, rows, shifted).detach().exp().sum()))
    expected = float(linear(state, weight, bias).detach().exp().sum())
    assert float(np.mean(found)) == pytest.approx(expected, rel=0.03)
    assert float(np.std(found)) > 0.03 * expected


def test_each_step_draws_anew_and_the_same_each_time(
    monkeypatch: pytest.MonkeyPatch, head: tuple[torch.Tensor, torch.Tensor]
) -> None:
    monkeypatch.setattr(module, "DRAWN", 8)
    weight, bias = head
    first, second, again, other = (
        SampledVocabulary(KEPT, SIZE, seed).part_of(weight, bias, TARGETS, step)[0]
        for seed, step in ((0, 1), (0, 2), (0, 1), (1, 1))
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, second)
    assert not torch.equal(first, other)


def test_what_was_drawn_teaches_the_states_and_is_not_moved_itself(
    head: tuple[torch.Tensor, torch.Tensor],
) -> None:
    weight, bias = head
    states = torch.randn(len(TARGETS), WIDTH, requires_grad=True)
    rows, shifted, places = SampledVocabulary(KEPT, SIZE, 0).part_of(weight, bias, TARGETS, 0)
    of_states, *of_head = torch.autograd.grad(
        cross_entropy(linear(states, rows, shifted), places), [states, weight, bias]
    )
    whole = torch.autograd.grad(
        cross_entropy(linear(states, weight, bias), TARGETS), [states, weight, bias]
    )
    torch.testing.assert_close(of_states, whole[0])
    rest = np.setdiff1d(np.arange(SIZE), KEPT)
    for found, expected in zip(of_head, whole[1:], strict=True):
        torch.testing.assert_close(found[KEPT], expected[KEPT])
        assert not found[rest].any()


def test_of_a_vocabulary_that_the_posts_use_most_of_all_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "COMMONEST", 4)
    monkeypatch.setattr(module, "DRAWN", 10)
    posts = Posts([[0, 7, 8, 9, 2], [0, 8, 30, 2]], 0)
    assert SampledVocabulary.of(posts, 35, 0) is None
    sampled = SampledVocabulary.of(posts, 36, 0)
    assert sampled
    assert len(sampled.part_of(torch.ones(36, 2), None, torch.tensor([9]), 0)[0]) == 8 + 10


def test_a_model_is_judged_by_the_whole_vocabulary(
    monkeypatch: pytest.MonkeyPatch, lm: LanguageModel, posts: Posts
) -> None:
    monkeypatch.setattr(module, "DRAWN", 8)
    size = lm.model.get_output_embeddings().out_features
    batch = make_batch(posts, [0, 1, 2], CPU)
    own = np.unique(batch.targets[batch.counted].numpy())
    plain = loss_function(lm.model, batch)
    sampled = loss_function(lm.model, batch, sampled=SampledVocabulary(own, size, 0))
    with torch.no_grad():
        torch.testing.assert_close(sampled(batch), plain(batch))
    learnt = sampled(batch).detach()
    assert not torch.equal(learnt, plain(batch).detach())
    torch.testing.assert_close(learnt, plain(batch).detach(), rtol=0.1, atol=0.0)
