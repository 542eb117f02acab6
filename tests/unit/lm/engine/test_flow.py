import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.lm.engine.text import TextFlow
from components.text.graphemes import trim_to_whole

PIECES = st.lists(st.text(st.sampled_from("ab. !\n日👍🏽👩\u200d🚲🇫🇷1\ufe0f\u20e3"), max_size=4))


@given(PIECES, st.sampled_from(["stop", "length"]))
def test_what_was_shown_is_never_taken_back(pieces: list[str], reason: str) -> None:
    flow = TextFlow(())
    shown = ""
    for piece in pieces:
        assert not flow.add(piece)
        shown += flow.show()
    shown += flow.end(reason)  # type: ignore[arg-type]
    whole = "".join(pieces)
    assert shown == (whole if reason == "stop" else trim_to_whole(whole))


@given(PIECES, st.lists(st.text("ab. 🚲", min_size=0, max_size=3), max_size=2))
def test_nothing_of_a_stop_string_is_shown(pieces: list[str], stop: list[str]) -> None:
    flow = TextFlow(stop)
    shown, whole = "", ""
    for piece in pieces:
        whole += piece
        found = flow.add(piece)
        if found:
            break
        shown += flow.show()
    shown += flow.end("stop")
    places = [whole.find(word) for word in stop if word and word in whole]
    assert shown == whole[: min(places, default=len(whole))]
    assert found == bool(places) if pieces else True


@pytest.mark.parametrize(
    ("pieces", "events"),
    [
        (["My", " dre", "am", " is"], ["My", "", "", " dream"]),
        ([" to", " fly", "."], [" to", "", ""]),
        (["👍", "🏽", " ok", " now"], ["", "", "👍🏽", " ok"]),
    ],
)
def test_words_come_when_they_are_whole(pieces: list[str], events: list[str]) -> None:
    flow = TextFlow(())
    shown = []
    for piece in pieces:
        flow.add(piece)
        shown.append(flow.show())
    assert shown == events
