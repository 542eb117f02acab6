from dataclasses import dataclass, replace

import pytest
import torch
from support import plain_generate as module
from support.plain_generate import Generation, Sampling, generate
from torch import Tensor

from components.contracts.errors import BadInputError
from components.lm.models import LanguageModel

SHORT = Sampling(max_tokens=12)


def test_a_sample_is_the_same_alone_and_in_any_batch(
    lm: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = generate(lm, "the cat", 9, SHORT, seed=5)
    assert len(together) == 9
    assert generate(lm, "the cat", 1, SHORT, seed=5) == together[:1]
    for rows in (1, 4):
        monkeypatch.setattr(module, "ROWS_AT_ONCE", rows)
        assert generate(lm, "the cat", 9, SHORT, seed=5) == together


def test_seeds_and_samples_differ(lm: LanguageModel) -> None:
    one, other = (generate(lm, "", 6, SHORT, seed=seed) for seed in (1, 2))
    assert len({sample.text for sample in one + other}) > 6


@dataclass
class Scripted:
    """A model that writes the same tokens whatever it reads, and a cache that holds nothing."""

    script: list[int]
    vocabulary: int = 400
    position: int = 0

    def __call__(self, ids: Tensor, **_: object) -> "Scripted":
        self.logits = torch.zeros(len(ids), 1, self.vocabulary)
        self.logits[..., self.script[self.position]] = 1
        self.position += 1
        return self

    @property
    def cache(self) -> "Scripted":
        return self

    def batch_repeat_interleave(self, rows: int) -> None: ...

    def batch_select_indices(self, rows: Tensor) -> None: ...


def written(lm: LanguageModel, ids: list[int], limit: int) -> Generation:
    scripted = replace(lm, model=Scripted(ids))
    return generate(scripted, "the", 1, Sampling(temperature=0, max_tokens=limit), seed=0)[0]


def test_the_end_token_ends_a_post_and_is_no_part_of_it(lm: LanguageModel) -> None:
    ids = [*lm.encode([" kettle sings"])[0], lm.end_token_id]
    assert written(lm, ids, 50) == Generation(" kettle sings", "stop")


def test_the_limit_never_leaves_half_a_character_or_half_a_word(lm: LanguageModel) -> None:
    ids = lm.encode([" bicycle has 🚵🏽 opinions"])[0]
    words = (" bicycle", " bicycle has", " bicycle has 🚵", " bicycle has 🚵🏽")
    for limit in range(len(lm.encode([" bicycle"])[0]), len(ids)):
        sample = written(lm, ids, limit)
        assert sample.finish_reason == "length"
        assert sample.text in words


def test_a_stop_word_ends_a_post_before_it(lm: LanguageModel) -> None:
    (whole,) = generate(lm, "", 1, Sampling(max_tokens=30), seed=4)
    stop = whole.text[5:7]
    (cut,) = generate(lm, "", 1, Sampling(max_tokens=30, stop=("never", stop)), seed=4)
    assert cut == Generation(whole.text[: whole.text.index(stop)], "stop")


@pytest.mark.parametrize(
    ("prompt", "count", "sampling", "message"),
    [
        ("word " * 200, 1, Sampling(), "prompt is too long"),
        ("", 1, Sampling(max_tokens=500), "too long"),
        ("", 0, Sampling(), "number of samples is 0"),
        ("", 1, Sampling(max_tokens=0), "max_tokens is 0"),
        ("", 1, Sampling(temperature=-1), "temperature is -1"),
        ("", 1, Sampling(top_p=0), "top_p is 0"),
        ("", 1, Sampling(top_p=1.5), "top_p is 1.5"),
    ],
)
def test_values_out_of_range_are_refused(
    lm: LanguageModel, prompt: str, count: int, sampling: Sampling, message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        generate(lm, prompt, count, sampling, seed=0)


@pytest.mark.parametrize("temperature", [float("nan"), float("inf"), -1.0])
def test_a_temperature_that_is_none_is_refused(lm: LanguageModel, temperature: float) -> None:
    with pytest.raises(BadInputError, match="temperature"):
        generate(lm, "rain", 1, Sampling(temperature=temperature), seed=0)


def test_a_negative_seed_is_refused(lm: LanguageModel) -> None:
    with pytest.raises(BadInputError, match="seed"):
        generate(lm, "rain", 1, Sampling(), seed=-1)
