from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm.codec import Codec, load_codec
from components.lm.engine.detokenizer import Detokenizer, token_text


@pytest.fixture(scope="module")
def codec(tiny: Callable[[str], Path]) -> Codec:
    return load_codec(tiny("gpt2"))


@given(before=st.text(max_size=9), text=st.text() | st.text("🚲👍🏽é日 ab"))
def test_the_pieces_make_the_text_and_hold_no_half_characters(
    codec: Codec, before: str, text: str
) -> None:
    detokenizer = Detokenizer(codec, codec.encode(before))
    pieces = [detokenizer.add(token) for token in codec.encode(text)]
    assert "".join(pieces) == text
    if "\ufffd" not in text:
        assert not any("\ufffd" in piece for piece in pieces)


@given(ids=st.lists(st.integers(0, 399), max_size=60))
def test_any_tokens_give_what_decoding_them_at_once_gives(codec: Codec, ids: list[int]) -> None:
    detokenizer = Detokenizer(codec, [codec.start_token_id])
    text = "".join(detokenizer.add(token) for token in ids)
    whole = codec.decode(ids)
    assert whole.startswith(text)
    assert not whole[len(text) :].strip("\ufffd")


def test_a_token_by_itself(codec: Codec) -> None:
    (kettle, *_) = codec.encode(" kettle")
    assert token_text(codec, kettle) in " kettle"
    pieces = [token_text(codec, token) for token in codec.encode("👍")]
    assert "".join(piece.removeprefix("bytes:") for piece in pieces) == r"\xf0\x9f\x91\x8d"
