import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.prepare.encoding import is_lost, undo_wrong_decoding


@pytest.mark.parametrize(
    ("garbled", "text"),
    [
        ("itâ€™s the best cafÃ© here", "it’s the best café here"),
        ("â€œGoâ€ù he said", "“Go” he said"),
        ("It‰Ûªs ‰ÛÏdone‰Ûù ‰ÛÓ at last‰Û_", "It’s “done” — at last…"),
        ("un cafe\u0301", "un café"),
    ],
)
def test_wrong_decodings_are_undone(garbled: str, text: str) -> None:
    assert undo_wrong_decoding(garbled) == text


@pytest.mark.parametrize(
    "text",
    [
        "“ｆｕｌｌ ｗｉｄｔｈ” ﬁne… isn’t it ①",
        "AMANHÃ… É A MAÇÔ",
        "5 ‰ of Ÿ and ÿ",
        "Größe, cœur, ñandú, Ångström, şey",
        "हिन्दी 日本語 한국어 العربية",
        "👩\u200d🚀 ❤️ 🇫🇷",
    ],
)
def test_what_was_decoded_well_stays_and_is_not_damaged(text: str) -> None:
    assert undo_wrong_decoding(text) == text
    assert not is_lost(text)


@pytest.mark.parametrize(
    "text", ["a \ufffd b", "go _Ÿ‡º_Ÿ‡¸ go", "â_¡ï¸è here", "up ‰Âà", "MarisolÃ_"]
)
def test_lost_characters_are_told(text: str) -> None:
    assert is_lost(undo_wrong_decoding(text))


@given(st.text())
def test_undoing_never_fails_and_leaves_ascii_alone(text: str) -> None:
    undone = undo_wrong_decoding(text)
    assert not text.isascii() or undone == text
