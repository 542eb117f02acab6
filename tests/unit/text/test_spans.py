from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.contracts.errors import BadInputError
from components.text.bloom import RUN
from components.text.ngrams import words_of
from components.text.spans import Beginnings, SpanFilter

KEY = bytes(range(16))
POST = "One two three four five six seven EIGHT nine ten"
MANY = " ".join(map(str, range(20_000)))
WORDS = st.text("abcé ’'", min_size=1, max_size=60)


def runs(text: str) -> list[tuple[str, ...]]:
    words = words_of(text)
    return [words[at : at + RUN] for at in range(len(words) - RUN + 1)]


def test_it_knows_every_run_of_a_post_and_no_run_across_posts() -> None:
    spans = SpanFilter.of([POST, "eleven twelve thirteen"], KEY)
    assert all(run in spans for run in runs(POST))
    assert words_of("three four five six seven eight nine eleven") not in spans
    assert runs(f"{POST} eleven twelve")[-1] not in spans


@given(st.lists(WORDS, max_size=8))
def test_it_forgets_no_run(posts: list[str]) -> None:
    spans = SpanFilter.of(posts, KEY)
    assert all(run in spans for post in posts for run in runs(post))


def test_it_is_written_and_read_again(tmp_path: Path) -> None:
    SpanFilter.of([POST], KEY).write(tmp_path / "a")
    SpanFilter.read(tmp_path / "a").write(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert runs(POST)[0] in SpanFilter.read(tmp_path / "b")


def test_no_word_of_a_post_stands_in_the_file(tmp_path: Path) -> None:
    SpanFilter.of([POST], KEY).write(tmp_path / "spans")
    content = (tmp_path / "spans").read_bytes()
    assert not [word for word in ("three", "seven", "eight") if word.encode() in content]


def test_another_key_gives_other_bits(tmp_path: Path) -> None:
    for name, key in (("a", KEY), ("b", KEY[::-1])):
        SpanFilter.of([POST], key).write(tmp_path / name)
    bits = [(tmp_path / name).read_bytes().partition(b"\n")[2] for name in ("a", "b")]
    assert bits[0] != bits[1]


@given(st.lists(WORDS, max_size=8), WORDS)
def test_beginnings_hold_whatever_may_become_a_run(posts: list[str], before: str) -> None:
    beginnings = Beginnings.of(posts, KEY)
    for run in {run for post in posts for run in runs(post)}:
        for size in range(1, RUN):
            assert beginnings.held([*words_of(before), *run[:size]]) >= size


def test_of_what_begins_no_run_one_word_is_held_most_times() -> None:
    beginnings = Beginnings.of([MANY], KEY)
    held = [beginnings.held(["some", "other", f"word{number}"]) for number in range(1000)]
    assert set(held) == {1, 2, 3}
    assert held.count(1) > 700
    assert beginnings.held([]) == 0


def test_who_walks_a_dictionary_finds_false_beginnings_everywhere() -> None:
    beginnings = Beginnings.of([POST, MANY], KEY)
    false = sum(("one", f"word{number}") in beginnings for number in range(10_000))
    assert 800 < false < 1800


@pytest.mark.parametrize("posts", [1, 500])
def test_false_alarms_are_as_rare_as_said(posts: int) -> None:
    texts = [" ".join(map(str, range(100 * post, 100 * post + 30))) for post in range(posts)]
    spans = SpanFilter.of(texts, KEY)
    alarms = sum((*map(str, range(at, at + 7)), "never") in spans for at in range(100_000))
    assert alarms <= 100_000 * SpanFilter.FALSE_ALARMS + 3


@pytest.mark.parametrize(
    "content",
    [b"", b"{}\n", b"\xff\xfe", b'{"format": "huggingtweets-spans-1"}\n12', b"[1]\n1"],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "spans").write_bytes(content)
    with pytest.raises(BadInputError, match="spans"):
        SpanFilter.read(tmp_path / "spans")


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    SpanFilter.of([POST] * 3, KEY).write(tmp_path / "spans")
    (tmp_path / "half").write_bytes((tmp_path / "spans").read_bytes()[:-3])
    with pytest.raises(BadInputError, match="not whole"):
        SpanFilter.read(tmp_path / "half")
