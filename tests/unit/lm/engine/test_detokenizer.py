from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm.engine.text import Detokenizer, token_text
from components.lm.tokenizer import Tokenizer, load_tokenizer


@pytest.fixture(scope="module")
def tokenizer(tiny: Callable[[str], Path]) -> Tokenizer:
    return load_tokenizer(tiny("gpt2"))


@given(before=st.text(max_size=9), text=st.text() | st.text("🚲👍🏽é日 ab"))
def test_the_pieces_make_the_text_and_hold_no_half_characters(
    tokenizer: Tokenizer, before: str, text: str
) -> None:
    detokenizer = Detokenizer(tokenizer, tokenizer.encode(before))
    pieces = [detokenizer.add(token) for token in tokenizer.encode(text)]
    assert "".join(pieces) == text
    if "\ufffd" not in text:
        assert not any("\ufffd" in piece for piece in pieces)


@given(ids=st.lists(st.integers(0, 399), max_size=60))
def test_any_tokens_give_what_decoding_them_at_once_gives(
    tokenizer: Tokenizer, ids: list[int]
) -> None:
    detokenizer = Detokenizer(tokenizer, [tokenizer.start_token_id])
    text = "".join(detokenizer.add(token) for token in ids)
    whole = tokenizer.decode(ids)
    assert whole.startswith(text)
    assert not whole[len(text) :].strip("\ufffd")


def test_a_token_by_itself(tokenizer: Tokenizer) -> None:
    (kettle, *_) = tokenizer.encode(" kettle")
    assert token_text(tokenizer, kettle) in " kettle"
    pieces = [token_text(tokenizer, token) for token in tokenizer.encode("👍")]
    assert "".join(piece.removeprefix("bytes:") for piece in pieces) == r"\xf0\x9f\x91\x8d"
