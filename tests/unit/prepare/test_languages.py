import socket

import pytest

from components.prepare.languages import language_shares


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def test_shares_are_largest_first_and_need_no_network() -> None:
    english = ["The weather is lovely this morning, is it not?", "I WILL WALK TO THE RIVER TODAY"]
    texts = [*english, "Le soleil brille sur la rivière ce matin", "???"]
    assert language_shares(texts) == {"en": 0.5, "fr": 0.25, "und": 0.25}


def test_mentions_tags_and_line_breaks_do_not_count() -> None:
    text = "#HappyNewYear @everyone_here\n今日はとても良い天気ですね"
    assert language_shares([text]) == {"ja": 1.0}


def test_no_texts_have_no_languages() -> None:
    assert language_shares([]) == {}
