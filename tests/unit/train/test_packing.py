"""Posts in one row mean what they mean in rows of their own."""

from pathlib import Path

import pytest
import torch
from support.tiny_models import make_tiny_family

from components.lm.models import load_model
from components.train.data import make_batch, read_posts
from components.train.native.library import available
from components.train.packing import apart, lengths_of_the_row, run_packed
from components.train.suit import suit_processor


def test_a_row_is_one_post_where_nobody_says_otherwise() -> None:
    assert lengths_of_the_row(7).tolist() == [7]
    with apart(torch.tensor([3, 4])):
        assert lengths_of_the_row(7).tolist() == [3, 4]
    assert lengths_of_the_row(7).tolist() == [7]


def test_packed_posts_see_none_of_each_other(dataset: Path, tmp_path: Path) -> None:
    if not available():
        pytest.skip("no compiler, or no AVX-512, here")
    folder = make_tiny_family(tmp_path / "tiny", "llama", num_key_value_heads=2, head_dim=16)
    lm = load_model(folder, device=torch.device("cpu"))
    posts = read_posts(dataset, "train", lm)
    assert suit_processor(lm.model, torch.bfloat16, posts).packed
    body = lm.model.bfloat16().base_model
    numbers = [3, 1, 2, 0]
    with torch.no_grad():
        packed = run_packed(body, make_batch(posts, numbers, lm.device))
        alone = [run_packed(body, make_batch(posts, [number], lm.device)) for number in numbers]
    assert len(packed) == sum(len(posts.ids[number]) - 1 for number in numbers)
    torch.testing.assert_close(packed, torch.cat(alone), rtol=0.02, atol=0.02)
