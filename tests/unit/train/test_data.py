from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from components.contracts.base import write_rows
from components.contracts.errors import BadInputError
from components.contracts.posts import DatasetRow
from components.lm.models import LanguageModel
from components.train.data import (
    IGNORED,
    Posts,
    epoch_batches,
    in_batches,
    make_batch,
    read_posts,
    rows_of,
    sample_evenly,
)

CPU = torch.device("cpu")


def test_every_post_stands_between_start_and_end(posts: Posts, lm: LanguageModel) -> None:
    assert {ids[0] for ids in posts.ids} == {lm.start_token_id}
    assert {ids[-1] for ids in posts.ids} == {lm.end_token_id}
    assert lm.decode(posts.ids[0]) == "the kettle sings before breakfast"


def test_too_long_posts_are_cut_and_counted(tmp_path: Path, lm: LanguageModel) -> None:
    rows = [
        DatasetRow(id="1", author="ann", created_at="2024-01-01T00:00:00Z", text=text)
        for text in ("short", "z" * 900)
    ]
    write_rows(tmp_path / "train.jsonl", rows)
    posts = read_posts(tmp_path, "train", lm)
    assert posts.cut == 1
    assert max(map(len, posts.ids)) == lm.max_positions + 1


def test_a_split_without_posts_is_refused(tmp_path: Path, lm: LanguageModel) -> None:
    (tmp_path / "train.jsonl").touch()
    with pytest.raises(BadInputError, match="holds no posts"):
        read_posts(tmp_path, "train", lm)


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=200), st.integers(1, 512), st.integers(0, 9)
)
def test_an_epoch_sees_every_post_once_in_bounded_batches(
    lengths: list[int], batch_tokens: int, seed: int
) -> None:
    posts = Posts([[0] * (length + 1) for length in lengths], 0)
    batches = epoch_batches(posts, batch_tokens, np.random.default_rng(seed))
    assert sorted(number for batch in batches for number in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = len(batch) * max(lengths[number] for number in batch)
        assert padded <= batch_tokens or len(batch) == 1


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=200), st.integers(1, 512), st.integers(0, 9)
)
def test_packed_batches_hold_every_post_once_and_as_many_tokens_as_fit(
    lengths: list[int], batch_tokens: int, seed: int
) -> None:
    posts = Posts([[0] * (length + 1) for length in lengths], 0)
    batches = epoch_batches(posts, batch_tokens, np.random.default_rng(seed), packed=True)
    assert sorted(number for batch in batches for number in batch) == list(range(len(lengths)))
    tokens = [[lengths[number] for number in batch] for batch in batches]
    assert all(sum(batch) <= batch_tokens or len(batch) == 1 for batch in tokens)
    assert all(sum(one) + other[0] > batch_tokens for one, other in pairwise(tokens))


def test_there_is_little_padding() -> None:
    order = np.random.default_rng(0)
    posts = Posts([[0] * (length + 1) for length in order.integers(5, 70, 2000).tolist()], 0)
    batches = epoch_batches(posts, 1024, order)
    padded = sum(len(b) * max(len(posts.ids[n]) - 1 for n in b) for b in batches)
    assert padded < 1.1 * posts.tokens


def test_padding_and_other_posts_never_change_a_posts_loss(posts: Posts, lm: LanguageModel) -> None:
    numbers = list(range(10))
    together = make_batch(posts, numbers, CPU)
    logits = lm.model(together.inputs, use_cache=False).logits
    for row, number in enumerate(numbers):
        alone = make_batch(posts, [number], CPU)
        expected = lm.model(alone.inputs, use_cache=False).logits[0]
        counted = together.targets[row] != IGNORED
        torch.testing.assert_close(logits[row][counted], expected, atol=1e-5, rtol=1e-5)
        assert together.targets[row][counted].tolist() == alone.targets[0].tolist()


def test_parts_of_a_batch_are_for_its_step(posts: Posts) -> None:
    batch = make_batch(posts, [0, 1, 2], CPU, step=7)
    assert rows_of(batch, slice(1)).step == rows_of(batch, [2, 1]).step == batch.step == 7


def test_validation_takes_an_even_sample_and_the_same_one_each_time(posts: Posts) -> None:
    sample = sample_evenly(posts, posts.tokens // 4)
    assert sample.ids == sample_evenly(posts, posts.tokens // 4).ids
    assert sample.ids[0] == posts.ids[0]
    assert sample.ids[-1] == posts.ids[-1]
    assert sample.tokens == pytest.approx(posts.tokens / 4, rel=0.2)
    assert sample_evenly(posts, 10**9).ids == posts.ids


def test_batches_of_a_split_hold_all_of_it(posts: Posts) -> None:
    batches = in_batches(posts, 64, CPU)
    assert sum(batch.tokens for batch in batches) == posts.tokens
    assert sum(int((batch.targets != IGNORED).sum()) for batch in batches) == posts.tokens
